import Adapters
import LinearAlgebra
import Tensors

/// Task singular vectors: takes the largest singular triples of each update, at most 1/T of the
/// layer's full rank, and removes the interference between their vectors: Δ = U⊥·S·V⊥ᵀ, where U⊥
/// and V⊥ are the orthonormal matrices nearest to all vectors side by side.
///
/// Directions that several updates share exactly have no nearest orthonormal counterpart and stay
/// shared: the merge of an update with itself is that update.
///
/// Source: Gargiulo et al., Task Singular Vectors (arXiv 2412.00081), TSV-M.
struct TSVM: FactoredMethod {
  static let name = "tsv-m"
  let settings: MergeSettings

  func merged(_ tasks: [MergeTask]) throws -> LowRank {
    let room = max(1, min(tasks[0].update.up.rows, tasks[0].update.down.columns) / tasks.count)
    let triples = try tasks.map { task in
      let (up, down) = (task.update.up, task.update.down)
      let whole = try ProductDecomposition(of: up, down)
      return whole.leading(min(room, whole.values.count)).significant
    }
    let left = try nearestOrthonormal(to: .joiningColumns(triples.map(\.left)))
    let right = try nearestOrthonormal(to: .joiningRows(triples.map(\.right)))
    let values = zip(triples, tasks).flatMap { part, task in part.values.map { $0 * task.weight } }
    let roots = values.map { abs($0).squareRoot() }
    let signed = zip(values, roots).map { $0 < 0 ? -$1 : $1 }
    return LowRank(up: left.scalingColumns(by: signed), down: right.scalingRows(by: roots))
  }
}

/// U·Vᵀ of A = U·S·Vᵀ, restricted to the nonzero singular values.
private func nearestOrthonormal(to matrix: Matrix) throws -> Matrix {
  let parts = try singularValueDecomposition(of: matrix).significant
  return product(parts.left, parts.right)
}
