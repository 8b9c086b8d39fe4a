package import LinearAlgebra
package import Tensors

/// The best approximation of an update at the rank that a rule chooses (Eckart and Young, 1936).
package struct Reduction: Sendable {
  package let form: ResultModule.Form
  package let weights: ResultWeights

  /// All singular values of the update, largest first.
  package let values: [Double]

  /// - Parameters:
  ///   - scale: What readers multiply up·down by; it is divided out of the factors.
  ///   - hasWideKernel: Whether the choice's rank of convolutions is meant.
  package init(
    of update: LowRank, _ choice: RankChoice, hasWideKernel: Bool, scale: Double = 1,
    bias: [Double]? = nil
  ) throws(LinearAlgebraError) {
    let decomposition = try ProductDecomposition(of: update.up, update.down)
    let rank = choice.rank(for: decomposition.values, hasWideKernel: hasWideKernel)
    let best = decomposition.leading(rank).truncated(to: rank)
    let root = abs(scale).squareRoot()
    values = decomposition.values
    form = .lowRank(rank: rank, scale: scale)
    let factors = LowRank(
      up: best.up.scaled(by: scale < 0 ? -1 / root : 1 / root),
      down: best.down.scaled(by: 1 / root))
    weights = ResultWeights(.lowRank(factors, asked: update), bias: bias)
  }
}

extension Reduction {
  /// The best approximation of a whole matrix: only as much of its spectrum is computed as the
  /// rule needs.
  ///
  /// - Parameters:
  ///   - seed: Of the iteration's random start.
  package init(
    ofWhole matrix: Matrix, _ choice: RankChoice, hasWideKernel: Bool, bias: [Double]? = nil,
    seed: UInt64 = 0
  ) throws(LinearAlgebraError) {
    let decomposition = try Self.leading(of: matrix, choice, hasWideKernel, seed)
    let rank = decomposition.values.count
    let best = decomposition.truncated(to: rank)
    values = decomposition.values
    form = .lowRank(rank: rank, scale: 1)
    weights = ResultWeights(
      .approximation(LowRank(up: best.up, down: best.down), of: matrix), bias: bias)
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
      // What is left stands for one more value, so that shares of the whole come out right.
      let known = found.values.reduce(0) { $0 + $1 * $1 }
      let rest = max(0, matrix.squaredNorm - known).squareRoot()
      let rank = choice.rank(for: found.values + [rest], hasWideKernel: hasWideKernel)
      if rank <= count || count == limit { return found.prefix(min(rank, count)) }
      count = min(2 * count, limit)
    }
  }
}

extension ResultModule {
  /// The same in another form.
  package func with(form: Form) -> ResultModule {
    ResultModule(
      target: target, extents: extents, kind: kind, form: form, biasCount: biasCount,
      isTransposed: isTransposed, names: names)
  }
}

extension ResultModule.Form {
  /// Of a whole difference, 0.
  package var rank: Int {
    switch self {
    case .lowRank(let rank, _): rank
    case .kept(let kept): kept.rank
    case .dense, .biasOnly: 0
    }
  }

  package var scale: Double {
    if case .lowRank(_, let scale) = self { scale } else { 1 }
  }
}
