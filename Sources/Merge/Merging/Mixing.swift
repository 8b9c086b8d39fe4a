import Adapters
import LinearAlgebra
import Tensors

extension ResultPlan {
  /// The same update with each module's rank axis turned by a random orthogonal matrix, so that
  /// what was concatenated cannot be read back out of the factors.
  ///
  /// up·Qᵀ and Q·down; Q is the orthogonal factor of a matrix of normal numbers, one for each
  /// module.
  func mixed(seed: UInt64) -> ResultPlan {
    ResultPlan(modules: modules) { index in
      let weights = try weights(index)
      guard let (factors, asked) = try weights.values.lowRank(), factors.rank > 0 else {
        return weights
      }
      let rank = factors.rank
      let normals = Philox(seed: seed, stream: modules[index].target.stream)
        .normals(count: rank * rank).map(Double.init)
      let q = try orthogonalFactorization(
        of: Matrix(rows: rank, columns: rank, elements: normals)
      ).orthonormal
      let mixed = LowRank(
        up: product(factors.up, transposed: q), down: product(q, factors.down))
      return ResultWeights(.lowRank(mixed, asked: asked), bias: weights.bias)
    }
  }
}
