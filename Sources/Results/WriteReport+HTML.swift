import Adapters
import CommandSupport
import Names
import Pages
import Safetensors

extension WriteReport {
  /// The report as a page: the kept energy, by block and by module.
  ///
  /// - Parameters:
  ///   - path: The path of the result.
  ///   - command: The name of the command that made it.
  ///   - origin: The inputs, and how the result was made.
  ///   - inputs: The section about the inputs' norms and cosines, if they are known.
  func page(
    path: String, command: String, origin: ResultOrigin, inputs: InputNorms? = nil
  ) -> HTML {
    let name = path == "-" ? "standard output" : printable(path)
    return Pages.page(
      title: "\(name) – lora \(command)",
      """
      <h1>\(name)</h1>
      \(factList(facts))
      \(origin.page)
      \(merging?.page ?? "")
      \(leftOutSection)
      \(inputs?.page(beside: all) ?? "")
      \(energy)
      \(blockTable)
      \(moduleTable)
      """,
      footer: """
        Written by <code>lora \(command) --html</code>. Energy is the squared Frobenius norm of the \
        update alpha / rank · up · down; errors are those of the values as stored, in 64 bits.
        """)
  }

  private var facts: [(name: String, value: String)] {
    [
      ("modules", "\(modules)"), ("rank", change), ("size", bytes(output.bytes)),
      ("result", verdict), ("energy kept", percent(energyKept)),
      ("relative error", significant(relativeError, digits: 2)),
    ] + (errorOfBase.map { [("error of base", percent($0))] } ?? [])
      + (recipe.map { [("recipe", $0)] } ?? [])
  }

  /// The inputs' layers and tensors that are missing from the result, if there are any.
  private var leftOutSection: HTML {
    let rows = leftOut.counts.map { part -> HTML in
      let names = part.names.map(printable).joined(separator: "\n")
      return "<details><summary>\(part.text)</summary><pre>\(names)</pre></details>\n"
    }
    return rows.isEmpty ? "" : "<h2>Left out</h2>\n\(rows)"
  }

  private struct Part {
    let block: Block
    let modules: [Module]
    let energyKept: Double

    init(_ block: Block, _ modules: [Module]) {
      self.block = block
      self.modules = modules
      let asked = modules.reduce(0) { $0 + ($1.askedSquared ?? 0) }
      let error = modules.reduce(0) { $0 + $1.errorSquared }
      energyKept = error == 0 ? 1 : Swift.max(0, 1 - error / asked)
    }
  }

  private var parts: [Part] {
    Dictionary(grouping: all, by: \.block).sorted { $0.key < $1.key }.map { Part($0, $1) }
  }

  private var energy: HTML {
    """
    <h2>Energy kept by block</h2>
    <p>The share of what was asked for that the result holds, in the order in which data pass \
    through the network.</p>
    \(barPlot(
      "Energy kept by block", parts.map { ($0.block.label, [$0.energyKept]) },
      [Series(name: "kept", index: 0)], maximum: 1, text: percent))
    """
  }

  private var blockTable: HTML {
    let rows = parts.map { part -> HTML in
      let (before, after) = (part.modules.compactMap(\.rankBefore), part.modules.map(\.rank))
      return """
        <tr><th scope="row">\(part.block.label)</th><td>\(part.modules.count)</td>\
        <td>\(before.isEmpty ? "–" : RankRange(before).text)</td><td>\(RankRange(after).text)</td></tr>

        """
    }
    return """
      <h2>Ranks by block</h2>
      <div class="scroll"><table class="numbers"><thead><tr><th>block</th><th>modules</th>\
      <th>rank before</th><th>rank</th></tr></thead>
      <tbody>\(rows)</tbody></table></div>
      """
  }

  private var moduleTable: HTML {
    let rows = parts.flatMap(\.modules).map { module -> HTML in
      """
      <tr><th scope="row" title="\(printable(module.name))">\(printable(module.target))</th>\
      <td class="text">\(module.block.label)</td><td>\(module.rankBefore.map(String.init) ?? "–")</td>\
      <td>\(module.rank)</td>\
      <td>\(module.askedSquared.map { significant($0.squareRoot()) } ?? "–")</td>\
      <td>\(percent(module.energyKept))</td><td>\(significant(module.relativeError, digits: 2))</td></tr>

      """
    }
    let open: HTML = rows.count <= 40 ? " open" : ""
    return """
      <details class="modules"\(open)><summary>All \(rows.count) modules</summary>
      <div class="scroll"><table class="numbers sortable"><thead><tr><th class="text">module</th>\
      <th class="text">block</th><th>rank before</th><th>rank</th><th>norm</th><th>energy kept</th>\
      <th>error</th></tr></thead><tbody>\(rows)</tbody></table></div></details>
      """
  }
}
