import CommandSupport
import Results
import Safetensors

extension Comparison {
  /// The comparison as a table of blocks, or of modules, and a verdict.
  func text(b: String, a: String, modules showsModules: Bool, width: Int?) -> String {
    var table = Table([
      (showsModules ? "module" : "block", .left), ("‖B‖", .right), ("‖A‖", .right),
      ("‖B − A‖", .right), ("cosine", .right),
    ])
    let rows = showsModules ? modules.map { Row($0.target, [$0]) } : blocks
    for row in rows {
      table.add([
        printable(row.name), significant(row.normB), significant(row.normA),
        significant(row.normDifference), row.cosine.map { decimal($0, places: 4) } ?? "–",
      ])
    }
    let total = Row("all", modules)
    table.add([
      total.name, significant(total.normB), significant(total.normA),
      significant(total.normDifference), total.cosine.map { decimal($0, places: 4) } ?? "–",
    ])
    var lines = ["B \(printable(b))", "A \(printable(a))", "", table.text(width: width), ""]
    lines += only(onlyInB, in: "B") + only(onlyInA, in: "A")
    if let text = notCompared.text(after: "not compared") { lines.append(text) }
    lines.append(
      isSame
        ? "the same update (relative difference \(significant(relativeDifference)))"
        : "relative difference \(significant(relativeDifference))")
    return lines.joined(separator: "\n")
  }

  /// The modules grouped by block, in the order of each block's first module.
  var blocks: [Row] {
    var order: [String] = []
    var groups: [String: [Module]] = [:]
    for module in modules {
      if groups[module.block] == nil { order.append(module.block) }
      groups[module.block, default: []].append(module)
    }
    return order.map { Row($0, groups[$0] ?? []) }
  }

  /// The figures of several modules together.
  struct Row {
    let name: String
    let count: Int
    let normA: Double
    let normB: Double
    let normDifference: Double
    let cosine: Double?

    init(_ name: String, _ modules: [Module]) {
      func total(_ norm: KeyPath<Module, Double>) -> Double {
        modules.reduce(0) { $0 + $1[keyPath: norm] * $1[keyPath: norm] }.squareRoot()
      }
      self.name = name
      count = modules.count
      normA = total(\.normA)
      normB = total(\.normB)
      normDifference = total(\.normDifference)
      let product = normA * normB
      cosine = product > 0 ? modules.reduce(0) { $0 + $1.innerProduct } / product : nil
    }
  }
}
