import CommandSupport
import Files
import Pages
import Safetensors

extension Conflicts {
  /// The matrices as heat maps, and their numbers as tables.
  var page: HTML {
    let names = files.map { lastComponent($0) }
    let numbers = files.indices.map { "\($0 + 1)" }
    let labels = zip(numbers, names).map { "\($0) \($1)" }
    let matrices = zip(Self.measures, explanations).map { measure, explanation -> HTML in
      let rows = zip(labels, measure.values(whole)).map { (label: short($0), values: $1) }
      return """
        <h2>\(measure.title.capitalizedFirst)</h2><p>\(explanation)</p>
        \(heatMap("\(measure.title) of each two files", rows, columns: numbers, showsNumbers: true))
        <details><summary>The numbers</summary>\
        \(numberTable(rows, columns: numbers, head: "file"))</details>
        """
    }
    let chance: HTML = self.chance.map { "<p>\($0)</p>" } ?? ""
    return Pages.page(
      title: "\(files.count) adapters – lora inspect --conflicts",
      """
      <h1>How \(files.count) adapters lie to each other</h1>
      \(fileList(names))
      \(matrices)
      \(chance)
      \(blockMaps)
      """,
      footer: """
        Written by <code>lora inspect --conflicts --html</code>, from the factors of the updates \
        alpha / rank · up · down; no update is formed.
        """)
  }

  private var explanations: [String] {
    [
      "1: two files do the same; 0: they have nothing in common; below 0: they cancel.",
      "The mean squared cosine of the principal angles between the directions that two files write to, over the layers that both change. 1: one holds the other.",
      "The same of the directions that they read.",
    ]
  }

  private func fileList(_ names: [String]) -> HTML {
    let rows = names.enumerated().map { index, name -> HTML in
      """
      <tr><th scope="row">\(index + 1) \(name)</th><td>\(whole.sharedLayers[index][index])</td>\
      <td>\(significant(whole.norms[index]))</td></tr>

      """
    }
    return """
      <div class="scroll"><table class="numbers"><thead><tr><th class="text">file</th><th>layers</th>\
      <th>norm</th></tr></thead><tbody>\(rows)</tbody></table></div>
      """
  }

  /// The blocks from top to bottom, the pairs of files from left to right.
  private var blockMaps: HTML {
    let pairs = files.indices.flatMap { row in
      files.indices.dropFirst(row + 1).map { (row: row, column: $0) }
    }
    let columns = pairs.map { "\($0.row + 1) · \($0.column + 1)" }
    let maps = Self.measures.map { measure -> HTML in
      let rows = blocks.map { part in
        let values = measure.values(part.similarity)
        return (label: short(part.block), values: pairs.map { values[$0.row][$0.column] })
      }
      return """
        <h2>\(measure.title.capitalizedFirst) by block</h2>
        \(heatMap("\(measure.title) by block", rows, columns: columns, showsNumbers: pairs.count <= 10))
        <details><summary>The numbers</summary>\
        \(numberTable(rows, columns: columns, head: "block"))</details>
        """
    }
    return "\(maps)"
  }

  private func short(_ label: String) -> String {
    let label = printable(label)
    return label.count <= 22 ? label : "\(label.prefix(21))…"
  }
}

extension String {
  fileprivate var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}
