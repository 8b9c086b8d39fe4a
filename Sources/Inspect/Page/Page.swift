import CommandSupport
import Files
import Pages
import Safetensors

/// A page of inspections that needs no network and can be read without scripts.
struct Page {
  let inspections: [Inspection]

  init(_ inspections: [Inspection]) { self.inspections = inspections }

  var html: HTML {
    let title = inspections.map { lastComponent($0.file) }.joined(separator: ", ")
    return Pages.page(
      title: "\(title) – lora inspect",
      """
      \(inspections.count > 1 ? comparison : "")
      \(inspections.map { FileSection($0, isAlone: inspections.count == 1).html })
      """,
      footer: """
        Written by <code>lora inspect --html</code>. Norms are those of the update \
        alpha / rank · up · down, in 64 bits.
        """)
  }

  /// The comparison of several files; only those with modules are plotted.
  private var comparison: HTML {
    let adapters = inspections.enumerated().filter { !$0.element.modules.isEmpty }
    let series = adapters.map { Series(name: lastComponent($0.element.file), index: $0.offset) }
    let blocks = adapters.map { adapter in
      Dictionary(
        adapter.element.blocks.map { ($0.label, Spectra(label: $0.label, $0.modules)) },
        uniquingKeysWith: { first, _ in first })
    }
    let rows = labels.map { label in (label, blocks.map { $0[label]?.norm }) }
    let curves = zip(adapters, series).map {
      (Spectra(label: "", $0.element.modules).energy, $1)
    }
    let plots: HTML =
      rows.isEmpty
      ? ""
      : """
      <h2>Norm by block</h2>\(legend(series))\(barPlot(normsTitle, rows, series))
      <h2>Energy kept by rank</h2>\(legend(series))\(energyPlot(curves))
      """
    return """
      <h1>\(inspections.count) files compared</h1>
      \(factTable)
      \(plots)
      """
  }

  /// The labels of all files' blocks, in the order of the first file that has each.
  private var labels: [String] {
    let all = inspections.flatMap { $0.blocks.map { (key: $0.key, label: $0.label) } }
    var seen: Set<String> = []
    return all.sorted { $0.key < $1.key }.map(\.label).filter { seen.insert($0).inserted }
  }

  private var factTable: HTML {
    let columns = inspections.map(\.facts)
    let names = columns.flatMap { $0.map(\.name) }
    var seen: Set<String> = []
    let rows = names.filter { seen.insert($0).inserted }.map { name -> HTML in
      let cells = columns.map { facts -> HTML in
        "<td>\(facts.first { $0.name == name }?.value ?? "–")</td>"
      }
      return "<tr><th scope=\"row\">\(name)</th>\(cells)</tr>\n"
    }
    let heads = inspections.enumerated().map { index, inspection -> HTML in
      "<th scope=\"col\"><span class=\"key s\(index % 6)\"></span>\(lastComponent(inspection.file))</th>"
    }
    return """
      <div class="scroll"><table class="facts"><thead><tr><td></td>\(heads)</tr></thead>
      <tbody>\(rows)</tbody></table></div>
      """
  }
}

/// The title of the bar chart on every page of inspections.
let normsTitle = "Norm of the update by block"

/// A path's last component with control characters escaped.
func lastComponent(_ path: String) -> String {
  printable(Path(path).name)
}

/// Writes the inspections as one page.
func writePage(_ inspections: [Inspection], to path: String) throws(FileError) {
  try write(Page(inspections).html, to: path)
}
