package import LinearAlgebra
import Tensors

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
    let decomposition = try singularValueDecomposition(ofProduct: update.up, update.down)
    let rank = choice.rank(for: decomposition.values, hasWideKernel: hasWideKernel)
    let best = decomposition.truncated(to: rank)
    let root = abs(scale).squareRoot()
    values = decomposition.values
    form = .lowRank(rank: rank, scale: scale)
    let factors = LowRank(
      up: best.up.scaled(by: scale < 0 ? -1 / root : 1 / root),
      down: best.down.scaled(by: 1 / root))
    weights = ResultWeights(.lowRank(factors, asked: update), bias: bias)
  }
}

extension ResultModule {
  /// The same in another form.
  package func with(form: Form) -> ResultModule {
    ResultModule(
      target: target, extents: extents, kind: kind, form: form, biasCount: biasCount, names: names)
  }
}

extension ResultModule.Form {
  /// Of a whole difference, 0.
  package var rank: Int {
    if case .lowRank(let rank, _) = self { rank } else { 0 }
  }

  package var scale: Double {
    if case .lowRank(_, let scale) = self { scale } else { 1 }
  }
}
