import Adapters
import LinearAlgebra
import Tensors

/// The methods that drop elements of each update before they are summed, then reduce the sum to a
/// rank: TIES, DARE, DARE-TIES, magnitude pruning, on updates and not on factors.
struct PrunedMerging {
  let method: MergeMethod

  /// The share of each update's elements that is kept.
  let density: Double
  let seed: UInt64

  /// The result of one layer.
  func reduce(
    _ layer: Combination.Layer, in inputs: [Combination.Input], _ choice: RankChoice
  ) throws -> (form: ResultModule.Form, weights: ResultWeights) {
    let pruned = try layer.terms.map { term in
      let update = try term.module.update(in: inputs[term.input].adapter.file).formed
      return prune(update, of: layer.target, input: term.input)
    }
    let weights = layer.terms.map(\.weight)
    let sum =
      method == .ties || method == .dareTies
      ? disjointMean(of: pruned, weights: weights) : weightedSum(of: pruned, weights: weights)
    let reduction = try Reduction(
      of: Update.dense(sum).lowRank, choice, hasWideKernel: layer.extents.hasWideKernel,
      bias: layer.bias(in: inputs))
    return (reduction.form, reduction.weights)
  }

  private func prune(_ update: Matrix, of target: Target, input: Int) -> Matrix {
    switch method {
    case .dare, .dareTies:
      let generator = Philox(seed: seed, stream: target.stream &+ UInt64(input))
      return keepingRandomly(update, density: density, generator: generator)
    default: return keepingLargest(update, density: density)
    }
  }
}

extension Target {
  /// A stream of random numbers of the layer's own: its name's FNV-1a hash.
  var stream: UInt64 {
    description.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
  }
}
