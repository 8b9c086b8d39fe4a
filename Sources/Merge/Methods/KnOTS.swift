import Adapters
import LinearAlgebra
import Tensors

/// Applies TIES in a basis that all updates share: [Δ₁ … Δ_T] = U·S·[V₁ … V_T].
///
/// TIES merges the V_t, and the result is multiplied by U·S.
///
/// U, S and V_t are computed from the factors; no update is formed.
///
/// Source: Stoica et al., KnOTS (arXiv 2410.19735).
struct KnOTS: FactoredMethod {
  static let name = "knots"
  static let options: Set<MergeOption> = [.density]
  let settings: MergeSettings

  func merged(_ tasks: [MergeTask]) throws -> LowRank {
    // Δ_t = B_t·L_t·Q_t, where Q_t has orthonormal rows. So the decomposition of [B_t·L_t] equals
    // that of [Δ_t] up to the Q_t.
    let downs = try tasks.map { try orthogonalFactorization(of: $0.update.down) }
    let ups = zip(tasks, downs).map { product($0.update.up, $1.lower) }
    let shared = try singularValueDecomposition(of: .joiningColumns(ups)).significant
    var start = 0
    let parts = zip(ups, downs).map { up, down in
      defer { start += up.columns }
      let own = shared.right.columns(in: start..<start + up.columns)
      return keepingLargest(product(own, down.orthonormal), density: settings.density)
    }
    let right = disjointMean(of: parts, weights: tasks.map(\.weight))
    let roots = shared.values.map { $0.squareRoot() }
    return LowRank(up: shared.left.scalingColumns(by: roots), down: right.scalingRows(by: roots))
  }
}
