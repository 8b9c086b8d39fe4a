import Adapters
import LinearAlgebra
import Names
import Tensors

/// What one term adds to a layer, in the space whose elements a method goes over.
struct ElementwiseTerm {
  let update: Matrix

  /// Not part of the update.
  let weight: Double

  /// Random numbers of the layer's and the input's own.
  let generator: Philox
}

/// A method that drops elements of each update before they are summed: on updates, not on factors,
/// or on their coordinates in the space that all factors span.
protocol ElementwiseMethod: MergeMethod {
  /// Whether signs are elected: of the elements that agree with the elected sign the mean is taken, in
  /// place of the weighted sum of all.
  static var electsSigns: Bool { get }

  /// An update with some of its elements alone, without its weight.
  func pruned(_ term: ElementwiseTerm) -> Matrix
}

extension ElementwiseMethod {
  var rankUse: RankUse { settings.space == .core ? .optional : .required }

  /// The merged matrix, of the terms' shape.
  private func merged(_ terms: [ElementwiseTerm]) -> Matrix {
    let (updates, weights) = (terms.map(pruned), terms.map(\.weight))
    return Self.electsSigns
      ? disjointMean(of: updates, weights: weights) : weightedSum(of: updates, weights: weights)
  }

  func plan(
    _ combination: Combination, _ choice: RankChoice?, threads: Int,
    onLayer: @escaping @Sendable () -> Void
  ) throws -> ResultPlan {
    guard settings.space == .full, let choice else {
      return try combination.plan(choice, threads: threads, onLayer: onLayer) { layer in
        try coreUpdate(of: layer)
      }
    }
    return try plan(combination, whole: choice, threads: threads, onLayer: onLayer)
  }

  /// Layers are computed when they are written; where a rule chooses ranks, once more before.
  private func plan(
    _ combination: Combination, whole choice: RankChoice, threads: Int,
    onLayer: @escaping @Sendable () -> Void
  ) throws -> ResultPlan {
    let reduced: @Sendable (Combination.Layer) throws -> Reduction = { layer in
      try Reduction(
        ofWhole: wholeUpdate(of: layer), choice, hasWideKernel: layer.extents.hasWideKernel)
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

  /// The layer's merged update, of updates that are formed.
  func wholeUpdate(of layer: Combination.Layer) throws -> Matrix {
    merged(
      try layer.terms.filter(\.changesWeight).map { term in
        ElementwiseTerm(
          update: try term.unweightedUpdate().formed, weight: term.weight,
          generator: generator(of: layer, input: term.input))
      })
  }

  /// The layer's merged update, of coordinates that are as many as the terms' ranks.
  func coreUpdate(of layer: Combination.Layer) throws -> LowRank {
    let terms = layer.terms.filter(\.changesWeight)
    let updates = try terms.map { try $0.unweightedUpdate().lowRank }
    let space = try CoreSpace(of: updates)
    return try space.update(
      of: merged(
        zip(terms, updates).map { term, update in
          ElementwiseTerm(
            update: space.coordinates(of: update), weight: term.weight,
            generator: generator(of: layer, input: term.input))
        }))
  }

  private func generator(of layer: Combination.Layer, input: Int) -> Philox {
    Philox(seed: settings.seed, stream: layer.target.stream &+ UInt64(input))
  }
}

extension Target {
  /// A stream of random numbers of the layer's own: its name's FNV-1a hash.
  var stream: UInt64 {
    description.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
  }
}
