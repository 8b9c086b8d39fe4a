import Adapters
import LinearAlgebra
import Names
import Tensors

/// The methods that drop elements of each update before they are summed, then reduce the sum to a
/// rank: TIES, DARE, DARE-TIES, magnitude pruning, on updates and not on factors.
struct PrunedMerging {
  let method: MergeMethod

  /// The share of each update's elements that is kept.
  let density: Double
  let seed: UInt64

  /// Layers are computed when they are written; where a rule chooses ranks, once more before.
  func plan(
    _ combination: Combination, _ choice: RankChoice, threads: Int,
    onLayer: @escaping @Sendable () -> Void
  ) throws -> ResultPlan {
    let reduced: @Sendable (Combination.Layer) throws -> Reduction = { layer in
      try Reduction(ofWhole: merged(layer), choice, hasWideKernel: layer.extents.hasWideKernel)
    }
    let layers = combination.layers.filter(\.hasRank)
    let ranks = try parallelMap(count: layers.count, threads: threads) { index in
      if let rank = choice.fixedRank(of: layers[index].extents) { return rank }
      defer {
        layers[index].release()
        onLayer()
      }
      return try reduced(layers[index]).rank
    }
    let rankOfTarget = Dictionary(
      zip(layers.map(\.target), ranks), uniquingKeysWith: { first, _ in first })
    let onPruned: @Sendable () -> Void = { if choice.isFixed { onLayer() } }
    return combination.plan(onLayer: onPruned) { layer in
      let rank = rankOfTarget[layer.target] ?? layer.rank
      return (rank, 1, { try reduced(layer).factors })
    }
  }

  /// The sum of what is left of each update.
  func merged(_ layer: Combination.Layer) throws -> Matrix {
    let terms = layer.terms.filter(\.changesWeight)
    let pruned = try terms.map { term in
      prune(try term.unweightedUpdate().formed, of: layer.target, input: term.input)
    }
    let weights = terms.map(\.weight)
    return method == .ties || method == .dareTies
      ? disjointMean(of: pruned, weights: weights) : weightedSum(of: pruned, weights: weights)
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
