import Adapters
import LinearAlgebra
import Tensors

/// One module taken apart, ready to be stored at any rank.
struct ResizableModule: Sendable {
  let layer: Combination.Layer

  /// The update as it is.
  let update: LowRank
  let decomposition: SingularValueDecomposition
  let bias: [Double]?

  /// What readers multiply up·down by, before and after.
  var scale: Double { layer.terms[0].module.scale }

  /// The elements that one more rank takes.
  var elementsPerRank: Int { update.up.rows + update.down.columns }

  init(_ layer: Combination.Layer, in inputs: [Combination.Input]) throws {
    self.layer = layer
    update = try layer.sum(in: inputs)
    decomposition = try singularValueDecomposition(ofProduct: update.up, update.down)
    bias = try layer.bias(in: inputs)
  }

  /// The result at a rank: the best approximation below the rank there is, and the factors as
  /// they are with zeros behind them from there on.
  func result(rank: Int) -> (form: ResultModule.Form, weights: ResultWeights) {
    let scale = scale == 0 ? 1 : scale
    let root = abs(scale).squareRoot()
    let factors: LowRank
    if rank >= update.rank {
      factors = LowRank(
        up: update.up.scaled(by: 1 / scale).widened(to: rank),
        down: update.down.heightened(to: rank))
    } else {
      let best = decomposition.truncated(to: rank)
      factors = LowRank(
        up: best.up.scaled(by: scale < 0 ? -1 / root : 1 / root),
        down: best.down.scaled(by: 1 / root))
    }
    return (
      .lowRank(rank: rank, scale: scale),
      ResultWeights(.lowRank(factors, asked: update), bias: bias)
    )
  }
}

extension Matrix {
  /// The same with columns of zeros behind.
  fileprivate func widened(to columns: Int) -> Matrix {
    .joiningColumns([self, Matrix(zeros: rows, columns - self.columns)])
  }

  /// The same with rows of zeros below.
  fileprivate func heightened(to rows: Int) -> Matrix {
    .joiningRows([self, Matrix(zeros: rows - self.rows, columns)])
  }
}
