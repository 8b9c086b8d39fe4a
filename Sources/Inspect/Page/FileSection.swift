import Adapters
import CommandSupport
import Pages
import Safetensors

/// The section of the page about one file.
struct FileSection {
  private let inspection: Inspection
  private let isAlone: Bool
  private let blocks: [Spectra]
  private let whole: Spectra

  init(_ inspection: Inspection, isAlone: Bool) {
    self.inspection = inspection
    self.isAlone = isAlone
    blocks = inspection.blocks.map { Spectra(label: $0.label, $0.modules) }
    whole = Spectra(label: "the whole file", inspection.modules)
  }

  var html: HTML {
    """
    <section><h1>\(lastComponent(inspection.file))</h1>
    \(isAlone ? facts : "")\(warnings)\(plots)\(components)\(sufficientRanks)\(modules)\(metadata)\(hashes)
    </section>
    """
  }

  private var facts: HTML {
    factList(inspection.facts.map { ($0.name, $0.value) })
  }

  private var warnings: HTML {
    let items = inspection.warnings.map { warning -> HTML in "<li>\(printable(warning))</li>" }
    return items.isEmpty ? "" : "<ul class=\"warnings\" role=\"note\">\(items)</ul>"
  }

  private var plots: HTML {
    guard !blocks.isEmpty else { return "" }
    let series = Series(name: lastComponent(inspection.file), index: 0)
    let norms: HTML =
      isAlone
      ? """
      <h2>Norm by block</h2>
      <p>How far each part of the network is moved: the Frobenius norm over its modules, in the \
      order in which data pass.</p>
      \(barPlot(normsTitle, blocks.map { ($0.label, [$0.norm]) }, [series]))
      """ : ""
    let measured = blocks.filter { !$0.energy.isEmpty }
    guard !measured.isEmpty else { return norms }
    let energy: HTML =
      isAlone
      ? """
      <h2>Energy kept by rank</h2>
      <p>The share of the squared norm of the whole file that is left when every module keeps no \
      more than so many singular values. Dots: 90, 95 and 99 %.</p>
      \(energyPlot([(whole.energy, series)]))
      """ : ""
    // A module of rank 1 has nothing that could fall.
    guard measured.contains(where: { $0.decay.count > 1 }) else { return "\(norms)\(energy)" }
    let decades = decades(of: measured)
    return """
      \(norms)\(energy)
      <h2>Singular values by block</h2>
      <p>Relative to each module's largest, on a logarithmic scale: the median of the block's \
      modules, in the band that holds all of them. A line that falls early needs less rank.</p>
      <div class="multiples">\(measured.map { decayPlot($0, decades: decades) })</div>
      """
  }

  private var components: HTML {
    guard !inspection.components.isEmpty else { return "" }
    let rows = inspection.components.map { component -> HTML in
      let types = component.dtypes.keys.sorted().joined(separator: ", ")
      return """
        <tr><th scope="row">\(printable(component.name))</th><td>\(grouped(component.tensors))</td>\
        <td>\(grouped(component.parameters))</td><td>\(bytes(component.bytes))</td><td>\(types)</td></tr>

        """
    }
    return """
      <h2>Networks</h2><div class="scroll"><table class="numbers"><thead><tr><th>network</th>\
      <th>tensors</th><th>parameters</th><th>size</th><th>stored as</th></tr></thead>
      <tbody>\(rows)</tbody></table></div>
      """
  }

  private static let shares = [0.9, 0.95, 0.99]

  private var sufficientRanks: HTML {
    let measured = blocks.filter { !$0.energy.isEmpty }
    guard !measured.isEmpty else { return "" }
    let rows = measured.map { row($0, "tr") } + [row(whole, "tr class=\"total\"")]
    return """
      <h2>Rank that would suffice</h2>
      <p>The smallest rank, the same for all modules of a block, that keeps so much of the block's \
      energy, and the bytes of weights that it would save: <code>lora resize</code> makes such a \
      file.</p>
      <div class="scroll"><table class="numbers"><thead><tr><th>block</th><th>modules</th>\
      <th>rank now</th><th>90 %</th><th>saves</th><th>95 %</th><th>saves</th><th>99 %</th>\
      <th>saves</th></tr></thead><tbody>\(rows)</tbody></table></div>
      """
  }

  private func row(_ spectra: Spectra, _ tag: HTML) -> HTML {
    let cells = Self.shares.map { share -> HTML in
      guard let rank = spectra.rank(keeping: share) else { return "<td>–</td><td>–</td>" }
      let saved = spectra.bytes - spectra.bytes(atRank: rank)
      return "<td>\(rank)</td><td class=\"quiet\">\(saved > 0 ? bytes(saved) : "–")</td>"
    }
    let ranks = range(spectra.modules.map { $0.singularValues?.count ?? $0.rank })
    return """
      <\(tag)><th scope="row">\(spectra.label)</th><td>\(spectra.modules.count)</td>\
      <td>\(ranks)</td>\(cells)</tr>

      """
  }

  private var modules: HTML {
    guard !inspection.modules.isEmpty else { return "" }
    let rows = blocks.flatMap(\.modules).map { module -> HTML in
      let kernel = (module.kernel ?? []).map { "×\($0)" }.joined()
      return """
        <tr><th scope="row" title="\(printable(module.name))">\(printable(module.target))</th>\
        <td class="text">\(printable(module.block))</td><td class="text">\(module.algorithm)</td>\
        <td>\(module.out)×\(module.in)\(kernel)</td>\
        <td>\(module.rank == 0 ? "–" : String(module.rank))</td>\
        <td>\(module.alpha.map(plain) ?? "–")</td>\
        <td>\(module.norm.map { significant($0) } ?? "–")</td>\
        <td>\(module.spectralNorm.map { significant($0) } ?? "–")</td>\
        <td>\(module.effectiveRank.map { decimal($0, places: 1) } ?? "–")</td></tr>

        """
    }
    let open: HTML = rows.count <= 40 ? " open" : ""
    return """
      <details class="modules"\(open)><summary>\(all(rows.count, "module", "modules"))</summary>
      <div class="scroll"><table class="numbers sortable"><thead><tr><th class="text">module</th>\
      <th class="text">block</th><th class="text">algorithm</th><th class="text">shape</th><th>rank</th><th>alpha</th><th>norm</th><th>largest σ</th>\
      <th>eff. rank</th></tr></thead><tbody>\(rows)</tbody></table></div></details>
      """
  }

  private var metadata: HTML {
    guard !inspection.metadata.isEmpty else { return "<h2>Metadata</h2><p>None.</p>" }
    let summary = TrainingSummary(inspection.metadata).lines.map { line -> HTML in
      "<tr><th scope=\"row\">\(line.title)</th><td>\(line.text)</td></tr>\n"
    }
    let table: HTML =
      summary.isEmpty
      ? ""
      : """
      <table class="summary"><tbody>\(summary)</tbody></table>
      """
    let entries = inspection.metadata.sorted { TensorName($0.key) < TensorName($1.key) }
      .map { entry -> HTML in
        "<dt>\(printable(entry.key))</dt><dd><pre>\(unfolded(entry.value))</pre></dd>\n"
      }
    return """
      <h2>Metadata</h2>\(table)
      <details><summary>\(all(entries.count, "entry", "entries"))</summary>\
      <dl class="entries">\(entries)</dl></details>
      """
  }

  private var hashes: HTML {
    guard let hashes = inspection.hashes else { return "" }
    let rows = hashes.listed.map { name, value -> HTML in
      let stored = inspection.metadata[name]
      let agrees =
        stored == value
        || name == "sshs_legacy_hash" && stored == hashes.sshsLegacyHashUnpadded
      let verdict: HTML =
        stored.map { stored -> HTML in
          agrees
            ? "<td class=\"good\">as stored</td>"
            : "<td class=\"bad\">stored as \(printable(stored))</td>"
        } ?? "<td class=\"quiet\">not stored</td>"
      return "<tr><th scope=\"row\">\(name)</th><td class=\"hash\">\(value)</td>\(verdict)</tr>\n"
    }
    return """
      <h2>Checksums</h2><div class="scroll"><table class="summary"><tbody>\(rows)</tbody></table></div>
      """
  }
}

/// `1 entry`, or `All 12 entries`.
private func all(_ count: Int, _ noun: String, _ plural: String) -> String {
  (count == 1 ? "" : "All ") + counted(count, noun, plural)
}
