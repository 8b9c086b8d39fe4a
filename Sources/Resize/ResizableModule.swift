import Adapters
import LinearAlgebra
import Tensors

/// One module that can be stored at any rank.
struct ResizableModule: Sendable {
  let layer: Combination.Layer

  /// The factor that readers multiply up·down by, before and after.
  let scale: Double

  /// The stored factors, without the scale.
  let factors: LowRank

  /// The number of elements per rank.
  var elementsPerRank: Int { factors.up.rows + factors.down.columns }

  init(_ layer: Combination.Layer) throws {
    self.layer = layer
    if case .lowRank(_, let scale, let factors) = layer.concatenated.content {
      self.scale = scale
      self.factors = try factors().product().factors
    } else {
      scale = 1
      factors = try layer.sum()
    }
  }

  func decomposition() throws(LinearAlgebraError) -> ProductDecomposition {
    try ProductDecomposition(of: factors.up, factors.down)
  }

  /// The best approximation at a lower rank; at the module's rank or above, the factors as they
  /// are, padded with zeros.
  func result(rank: Int) throws(LinearAlgebraError) -> Reduction {
    rank < factors.rank ? result(rank: rank, by: try decomposition()) : padded(to: rank)
  }

  /// The same, from an existing decomposition.
  func result(rank: Int, by decomposition: ProductDecomposition) -> Reduction {
    if rank >= factors.rank { return padded(to: rank) }
    let best = decomposition.leading(rank).truncated(to: rank)
    return approximation(LowRank(up: best.up, down: best.down))
  }

  private func padded(to rank: Int) -> Reduction {
    let (up, down) = (factors.up, factors.down)
    let more = rank - factors.rank
    let padded = LowRank(
      up: .joiningColumns([up, Matrix(zeros: up.rows, more)]),
      down: .joiningRows([down, Matrix(zeros: more, down.columns)]))
    return Reduction(padded, scale: scale, asked: nil)
  }

  /// Factors that replace the module's, and their distance from them.
  func approximation(_ best: LowRank) -> Reduction {
    let asked = LowRank(up: factors.up.scaled(by: scale), down: factors.down)
    return Reduction(best, scale: scale, asked: asked)
  }

  /// The first ranks of a DyLoRA, at the strength that they had in training.
  ///
  /// Training multiplies a slice of b out of L ranks by alpha/L · √(L/b).
  ///
  /// Source: kohya-ss/sd-scripts, `networks/dylora.py`.
  func slice(rank: Int) -> Reduction {
    if rank >= factors.rank { return padded(to: rank) }
    let growth = (Double(factors.rank) / Double(rank)).squareRoot()
    let slice = LowRank(
      up: factors.up.prefix(columns: rank), down: factors.down.rows(in: 0..<rank))
    return Reduction(slice, scale: scale * growth, asked: nil)
  }
}
