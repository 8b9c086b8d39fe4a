package import Adapters
import CommandSupport
import Names
import Pages
import Safetensors
package import Tensors

/// The inputs' norms per block and their cosines, for the page of a merge.
package struct InputNorms {
  private let names: [String]

  /// The inner products of every two inputs, weights included, by block.
  private let blocks: [Block: Matrix]

  /// Whether the result is the sum of the inputs, so that its norms follow from theirs.
  private let isSum: Bool

  /// - Parameters:
  ///   - combination: The inputs, with the weights of the merge.
  ///   - products: The inner products for each layer of the combination.
  package init(_ combination: Combination, _ products: [Matrix], isSum: Bool) {
    names = combination.inputs.map { printable(name(of: $0.adapter.file.path)) }
    blocks = Dictionary(
      zip(combination.layers.map { Block(of: $0.target) }, products), uniquingKeysWith: +)
    self.isSum = isSum
  }

  /// A section with bars of norms by block, and cosines.
  ///
  /// - Parameter modules: The modules of the result.
  func page(beside modules: [WriteReport.Module]) -> HTML {
    let series = (names + ["result"]).enumerated().map { Series(name: $1, index: $0) }
    let results = Dictionary(grouping: modules, by: \.block)
    let rows = blocks.sorted { $0.key < $1.key }.map { block, products in
      (block.label, norms(products) + [norm(of: results[block] ?? [], products)])
    }
    return """
      <h2>Norm by block</h2>
      <p>How far each file, with the weight that it is merged with, and the result move each part \
      of the network: the Frobenius norm of the update, in the order in which data pass.</p>
      \(legend(series))
      \(barPlot("Norm of the updates by block", rows, series))
      \(cosines)
      """
  }

  private func norms(_ products: Matrix) -> [Double?] {
    names.indices.map { products[$0, $0] > 0 ? products[$0, $0].squareRoot() : nil }
  }

  private func norm(of modules: [WriteReport.Module], _ products: Matrix) -> Double? {
    if isSum { return max(0, products.elements.reduce(0, +)).squareRoot() }
    return modules.reduce(0) { $0 + ($1.askedSquared ?? 0) }.squareRoot()
  }

  /// A table of the cosine of every two inputs; empty if there is only one.
  private var cosines: HTML {
    guard names.count > 1 else { return "" }
    let zeros = Matrix(zeros: names.count, names.count)
    let total = blocks.values.reduce(zeros, +)
    let heads = names.map { name -> HTML in "<th scope=\"col\">\(name)</th>" }
    let rows = names.indices.map { i -> HTML in
      let cells = names.indices.map { j -> HTML in
        cosineCell(
          i == j ? 1 : total[i, j] / (total[i, i] * total[j, j]).squareRoot(), isSelf: i == j)
      }
      return "<tr><th scope=\"row\">\(names[i])</th>\(cells)</tr>\n"
    }
    return """
      <h2>Cosines between the files</h2>
      <p>Over all layers, weights included. 1: the two pull the same way and their strengths add \
      up; 0: they have nothing to do with each other; −1: they take each other back.</p>
      <div class="scroll"><table class="numbers"><thead><tr><td></td>\(heads)</tr></thead>
      <tbody>\(rows)</tbody></table></div>
      """
  }
}

/// A cell of the cosine table; it is darker the farther the value is from 0.
private func cosineCell(_ cosine: Double, isSelf: Bool) -> HTML {
  if isSelf { return "<td class=\"quiet\">1</td>" }
  guard cosine.isFinite else { return "<td class=\"quiet\">–</td>" }
  let colour = cosine < 0 ? "c1" : "c0"
  let share = Int((min(1, abs(cosine)) * 60).rounded())
  return """
    <td style="background: color-mix(in srgb, var(--\(colour)) \(share)%, transparent)">\
    \(decimal(cosine, places: 3))</td>
    """
}

extension MergeNotes {
  /// The notes as a section with one sentence each; empty if there are none.
  var page: HTML {
    if isEmpty { return "" }
    let rows = (blocks ?? []).map { block -> HTML in
      "<tr><th scope=\"row\">\(block.label)</th><td>\(significant(block.scale))</td></tr>\n"
    }
    let table: HTML =
      rows.isEmpty
      ? ""
      : """
      <div class="scroll"><table class="numbers"><thead><tr><th>block</th><th>scaled by</th></tr>\
      </thead><tbody>\(rows)</tbody></table></div>
      """
    let items = lines.map { line -> HTML in "<p>\(line)</p>\n" }
    return "<h2>How the weights were chosen</h2>\n\(items)\(table)"
  }
}
