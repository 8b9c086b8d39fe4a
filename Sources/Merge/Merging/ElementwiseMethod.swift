import Adapters
import LinearAlgebra
import Names
import Tensors

/// One term's update of a layer, in the space whose elements a method works on.
struct ElementwiseTerm {
  let update: Matrix

  /// The input's weight, which the update does not include.
  let weight: Double

  /// Random numbers that belong to the layer and the input.
  let generator: Philox
}

/// A method that drops elements of each update before the sum.
///
/// It works on updates, not on factors, or on coordinates in the space that all factors span.
protocol ElementwiseMethod: MergeMethod {
  /// Whether signs are elected: the result is then the mean of the elements that agree with the
  /// elected sign, and not the weighted sum of all.
  static var electsSigns: Bool { get }

  /// An update with some of its elements kept and the others zero, without its weight.
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

  /// Plans layers that are computed when they are written, and once before if a rule chooses ranks.
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

  /// The layer's merged update, computed from full matrices.
  func wholeUpdate(of layer: Combination.Layer) throws -> Matrix {
    merged(
      try layer.terms.filter(\.changesWeight).map { term in
        ElementwiseTerm(
          update: try term.unweightedUpdate().formed, weight: term.weight,
          generator: generator(of: layer, input: term.input))
      })
  }

  /// The layer's merged update, computed in coordinates; their number is the sum of the terms'
  /// ranks.
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
  /// The stream of random numbers that belongs to the layer: the FNV-1a hash of its name.
  var stream: UInt64 {
    description.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
  }
}
