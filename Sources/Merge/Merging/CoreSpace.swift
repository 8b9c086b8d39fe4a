import Adapters
import LinearAlgebra
import Tensors

/// The space that the factors of some updates span: each update is a small matrix in it, without
/// any loss.
///
/// The bases are the singular vectors of all ups side by side, and of all downs stacked. They are
/// orthonormal, so norms, angles and singular values equal those of the updates. Elements differ,
/// so a rule for elements gives another result than on the updates.
///
/// Source: Panariello et al., "Accurate and Efficient Low-Rank Model Merging in Core Space"
/// (arXiv 2509.17786).
struct CoreSpace {
  /// m × k, orthonormal columns.
  private let left: Matrix

  /// l × n, orthonormal rows.
  private let right: Matrix

  init(of updates: [LowRank]) throws(LinearAlgebraError) {
    left = try Self.rowBasis(of: .joiningRows(updates.map(\.up.transposed))).transposed
    right = try Self.rowBasis(of: .joiningRows(updates.map(\.down)))
  }

  /// The right singular vectors of a matrix with few rows.
  private static func rowBasis(of matrix: Matrix) throws(LinearAlgebraError) -> Matrix {
    let factored = try orthogonalFactorization(of: matrix)
    let core = try singularValueDecomposition(of: factored.lower).significant
    return product(core.right, factored.orthonormal)
  }

  /// Uᵀ·Δ·Vᵀ, k × l.
  func coordinates(of update: LowRank) -> Matrix {
    product(product(transposed: left, update.up), product(update.down, transposed: right))
  }

  /// The update with the given coordinates; its rank is min(k, l).
  func update(of coordinates: Matrix) throws(LinearAlgebraError) -> LowRank {
    let parts = try singularValueDecomposition(of: coordinates)
    let (up, down) = parts.truncated(to: parts.values.count)
    return LowRank(up: product(left, up), down: product(down, right))
  }
}
