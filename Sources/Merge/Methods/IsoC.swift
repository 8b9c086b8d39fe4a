import Adapters
import LinearAlgebra
import Tensors

/// The sum with every singular value replaced by their mean, so that all directions are equally
/// strong.
///
/// Zero singular values are left out of the mean, because they have no direction.
///
/// Source: Marczak et al., "No Task Left Behind" (arXiv 2502.04959), Iso-C.
struct IsoC: FactoredMethod {
  static let name = "iso-c"
  let settings: MergeSettings

  func merged(_ tasks: [MergeTask]) throws -> LowRank {
    let sum = LowRank(
      up: .joiningColumns(tasks.map { $0.update.up.scaled(by: $0.weight) }),
      down: .joiningRows(tasks.map(\.update.down)))
    let whole = try ProductDecomposition(of: sum.up, sum.down)
    let parts = whole.leading(whole.values.count).significant
    let mean = parts.values.reduce(0, +) / Double(max(1, parts.values.count))
    return LowRank(
      up: parts.left.scaled(by: mean.squareRoot()), down: parts.right.scaled(by: mean.squareRoot()))
  }
}
