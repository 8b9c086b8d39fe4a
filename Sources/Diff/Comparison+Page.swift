import Adapters
import CommandSupport
import Names
import Pages
import Results
import Safetensors

extension Comparison {
  /// The comparison as a page: norms and cosines by block, every module.
  func page(b: String, a: String) -> HTML {
    let (b, a) = (printable(name(of: b)), printable(name(of: a)))
    return Pages.page(
      title: "\(b) − \(a) – lora diff",
      """
      <h1>\(b) − \(a)</h1>
      \(factList(facts))
      \(norms(b, a))
      \(cosines)
      \(blockTable)
      \(moduleTable)
      \(onlyIn)
      """,
      footer: """
        Written by <code>lora diff --html</code>. Norms are those of the updates \
        alpha / rank · up · down, in 64 bits; B is \(b), A is \(a).
        """)
  }

  private var facts: [(name: String, value: String)] {
    [
      ("result", isSame ? "the same update" : "two updates"), ("norm of B", significant(normB)),
      ("norm of A", significant(normA)), ("norm of B − A", significant(normDifference)),
      ("relative difference", significant(relativeDifference)),
      ("cosine", cosine.map { decimal($0, places: 4) } ?? "–"), ("modules", "\(modules.count)"),
    ]
  }

  private func norms(_ b: String, _ a: String) -> HTML {
    let series = ["B: \(b)", "A: \(a)", "B − A"].enumerated()
      .map { Series(name: $1, index: $0) }
    return """
      <h2>Norm by block</h2>
      <p>How far each of the two, and their difference, move each part of the network: the \
      Frobenius norm of the update, in the order in which data pass. Where B − A is as long as B, \
      there is nothing of B in A.</p>
      \(legend(series))
      \(barPlot(
        "Norm of the updates by block",
        blocks.map { ($0.name, [$0.normB, $0.normA, $0.normDifference]) }, series))
      """
  }

  private var cosines: HTML {
    let measured = blocks.filter { $0.cosine != nil }
    if measured.isEmpty { return "" }
    return """
      <h2>Likeness by block</h2>
      <p>The cosine between the two, its sign left out; the table has it. 1: they move the block in \
      one direction, or in opposite ones; 0: their directions have nothing in common.</p>
      \(barPlot(
        "Cosine by block", measured.map { ($0.name, [$0.cosine.map(abs)]) },
        [Series(name: "cosine", index: 3)], maximum: 1, text: { decimal($0, places: 3) }))
      """
  }

  private var blockTable: HTML {
    let rows = blocks.map { block -> HTML in "<tr>\(cells(of: block))</tr>\n" }
    let total: HTML = "<tr class=\"total\">\(cells(of: Row("all", modules)))</tr>\n"
    return """
      <h2>Blocks</h2>
      <div class="scroll"><table class="numbers"><thead><tr><th>block</th><th>modules</th>\
      <th>‖B‖</th><th>‖A‖</th><th>‖B − A‖</th><th>cosine</th></tr></thead>
      <tbody>\(rows)\(total)</tbody></table></div>
      """
  }

  private func cells(of row: Row) -> HTML {
    """
    <th scope="row">\(printable(row.name))</th><td>\(row.count)</td>\
    <td>\(significant(row.normB))</td><td>\(significant(row.normA))</td>\
    <td>\(significant(row.normDifference))</td>\
    <td>\(row.cosine.map { decimal($0, places: 4) } ?? "–")</td>
    """
  }

  private var moduleTable: HTML {
    let rows = modules.map { module -> HTML in
      """
      <tr><th scope="row" title="\(printable(module.name))">\(printable(module.target))</th>\
      <td class="text">\(printable(module.block))</td><td>\(significant(module.normB))</td>\
      <td>\(significant(module.normA))</td><td>\(significant(module.normDifference))</td>\
      <td>\(module.cosine.map { decimal($0, places: 4) } ?? "–")</td></tr>

      """
    }
    let open: HTML = rows.count <= 40 ? " open" : ""
    return """
      <details class="modules"\(open)><summary>All \(rows.count) modules</summary>
      <div class="scroll"><table class="numbers sortable"><thead><tr><th class="text">module</th>\
      <th class="text">block</th><th>‖B‖</th><th>‖A‖</th><th>‖B − A‖</th><th>cosine</th></tr>\
      </thead><tbody>\(rows)</tbody></table></div></details>
      """
  }

  /// The modules that only one input has, and those not compared; empty if there are none.
  private var onlyIn: HTML {
    let lists =
      [("only in B", onlyInB), ("only in A", onlyInA)].filter { !$0.1.isEmpty }
      .map { ($0, counted($1.count, "module"), $1) }
      + notCompared.counts.map { ("not compared", $0.text, $0.names) }
    let items = lists.map { title, count, names -> HTML in
      let names = names.map(printable).joined(separator: "\n")
      return "<details><summary>\(title): \(count)</summary><pre>\(names)</pre></details>\n"
    }
    return items.isEmpty ? "" : "<h2>In one file alone</h2>\n\(items)"
  }
}
