package import LinearAlgebra
package import Tensors

/// A layer's update reduced to a rank.
package struct Reduction: Sendable {
  package let rank: Int

  /// The factor that readers multiply up·down by.
  package let scale: Double
  package let factors: Factors

  /// - Parameter asked: The exact update; `nil` where it equals scale · up · down.
  package init(_ factors: LowRank, scale: Double, asked: LowRank?) {
    rank = factors.rank
    self.scale = scale
    self.factors = .lowRank(factors, asked: asked)
  }

  var content: ResultModule.Content {
    .lowRank(rank: rank, scale: scale) { [factors] in factors }
  }
}

extension Reduction {
  /// The best approximation at the rank that a rule chooses (Eckart and Young, 1936).
  ///
  /// - Parameter hasWideKernel: Whether the rule's rank for convolutions applies.
  package init(
    of update: LowRank, _ choice: RankChoice, hasWideKernel: Bool
  ) throws(LinearAlgebraError) {
    let decomposition = try ProductDecomposition(of: update.up, update.down)
    let rank = choice.rank(for: decomposition.values, hasWideKernel: hasWideKernel)
    let best = decomposition.leading(rank).truncated(to: rank)
    self.init(LowRank(up: best.up, down: best.down), scale: 1, asked: update)
  }

  /// The best approximation of a full matrix; only as much of its spectrum is computed as the rule
  /// needs.
  ///
  /// - Parameter seed: The seed of the iteration's random start.
  package init(
    ofWhole matrix: Matrix, _ choice: RankChoice, hasWideKernel: Bool, seed: UInt64 = 0
  ) throws(LinearAlgebraError) {
    let decomposition = try Self.leading(of: matrix, choice, hasWideKernel, seed)
    let rank = decomposition.values.count
    let best = decomposition.truncated(to: rank)
    (self.rank, scale) = (rank, 1)
    factors = .approximation(LowRank(up: best.up, down: best.down), of: matrix)
  }

  private static func leading(
    of matrix: Matrix, _ choice: RankChoice, _ hasWideKernel: Bool, _ seed: UInt64
  ) throws(LinearAlgebraError) -> SingularValueDecomposition {
    let most = min(matrix.rows, matrix.columns)
    if let rank = choice.fixedRank(hasWideKernel: hasWideKernel) {
      return try leadingDecomposition(of: matrix, count: min(rank, most), seed: seed)
    }
    if choice.needsWholeSpectrum {
      let rank = choice.rank(
        for: try singularValuesByGram(of: matrix), hasWideKernel: hasWideKernel)
      return try leadingDecomposition(of: matrix, count: rank, seed: seed)
    }
    let limit = min(most, choice.maximum ?? most)
    var count = min(16, limit)
    while true {
      let found = try leadingDecomposition(of: matrix, count: count, seed: seed)
      // The remaining energy becomes one more value, so that shares of the total are right.
      let known = found.values.reduce(0) { $0 + $1 * $1 }
      let rest = max(0, matrix.squaredNorm - known).squareRoot()
      let rank = choice.rank(for: found.values + [rest], hasWideKernel: hasWideKernel)
      if rank <= count || count == limit { return found.prefix(min(rank, count)) }
      count = min(2 * count, limit)
    }
  }
}
