package import LinearAlgebra
package import Names

/// A result before it is written: its modules, and what they promise together.
package struct ResultPlan: Sendable {
  /// What a result promises of the update that was asked for.
  package enum Promise: Sendable {
    /// To be it: rounding is all that may be lost.
    case exact

    /// To be the best, or what a rule makes, of its ranks.
    case best

    /// To be the first of an update's ranks, at a strength of their own.
    case slice

    /// To be what another program makes of it.
    case imitation
  }

  package var modules: [ResultModule]
  package var promise: Promise

  /// Tensors of no module that stand beside the modules, as they are.
  package var foreign: [ForeignTensor] = []

  /// Called after each module that is written, from any thread; does nothing where the plan's maker
  /// has done the work, and reported it.
  let onModule: @Sendable () -> Void

  package init(
    modules: [ResultModule], promise: Promise = .best,
    onModule: @escaping @Sendable () -> Void = {}
  ) {
    self.modules = modules
    self.promise = promise
    self.onModule = onModule
  }

  /// The ranks of layers that are thinner than a rank asked for, by what the layers are called.
  package func cappedRanks(by choice: RankChoice?) -> [String: Int] {
    let capped = modules.compactMap { module -> (String, Int)? in
      let (extents, rank) = (module.extents, module.rank)
      guard case .lowRank = module.content,
        let asked = choice?.fixedRank(hasWideKernel: extents.hasWideKernel),
        asked > min(extents.outputs, extents.columns), rank < asked
      else { return nil }
      return ("\(module.target)", rank)
    }
    return Dictionary(capped, uniquingKeysWith: { first, _ in first })
  }
}

extension RankChoice {
  /// Whether no rank depends on the values.
  package var isFixed: Bool { fixedRank(hasWideKernel: false) != nil }

  /// The rank of a layer of some extents, where it does not depend on the values.
  package func fixedRank(of extents: Module.Extents) -> Int? {
    fixedRank(hasWideKernel: extents.hasWideKernel)
      .map { min($0, extents.outputs, extents.columns) }
  }
}

extension Combination {
  /// The family of models that the inputs are for, by the first that shows it.
  package var baseModel: BaseModel {
    inputs.map(\.adapter.baseModel).first { $0 != .unknown } ?? .unknown
  }

  /// The rank of each layer's exact sum, without reading a weight.
  package var ranks: [Target: Int] {
    Dictionary(layers.map { ($0.target, $0.rank) }, uniquingKeysWith: { first, _ in first })
  }

  /// The exact sum: the terms' factors side by side, read when they are written.
  package func concatenation(onLayer: @escaping @Sendable () -> Void) -> ResultPlan {
    ResultPlan(
      modules: layers.filter { !$0.isZero }.map(\.concatenated), promise: .exact, onModule: onLayer)
  }

  /// A result whose ranks are known by the shapes: layers are computed when they are written, and
  /// none is held longer.
  ///
  /// - Parameters:
  ///   - onLayer: Called after each layer, from any thread.
  ///   - reduce: A layer's rank and scale, and what computes its factors. Not asked for layers
  ///     without a rank to be chosen, which are summed.
  package func plan(
    onLayer: @escaping @Sendable () -> Void = {},
    _ reduce: (Layer) throws -> (
      rank: Int, scale: Double, factors: @Sendable () throws -> Factors
    )
  ) rethrows -> ResultPlan {
    let modules = try layers.filter { !$0.isZero }.map { layer in
      guard layer.hasRank else { return layer.concatenated }
      let (rank, scale, factors) = try reduce(layer)
      return layer.concatenated.with(
        .lowRank(rank: rank, scale: scale) {
          defer { layer.release() }
          return try factors()
        })
    }
    return ResultPlan(modules: modules, onModule: onLayer)
  }

  /// A result whose layers are all computed at once, since their ranks depend on their values.
  ///
  /// - Parameters:
  ///   - onLayer: Called after each layer, from any thread.
  ///   - reduce: The layer's result; not asked for layers without a rank to be chosen, which are
  ///     summed.
  package func computedPlan(
    promise: ResultPlan.Promise = .best, threads: Int, onLayer: @Sendable () -> Void,
    _ reduce: @Sendable (Layer) throws -> Reduction
  ) throws -> ResultPlan {
    let layers = layers.filter { !$0.isZero }
    let modules = try parallelMap(count: layers.count, threads: threads) { index in
      let layer = layers[index]
      defer { onLayer() }
      if !layer.hasRank { return layer.concatenated }
      defer { layer.release() }
      return layer.concatenated.with(try reduce(layer).content)
    }
    return ResultPlan(modules: modules, promise: promise)
  }

  /// The best approximation of the exact sum, layer by layer, at the ranks that a choice makes.
  package func approximation(
    _ choice: RankChoice, threads: Int, onLayer: @escaping @Sendable () -> Void
  ) throws -> ResultPlan {
    let reduced: @Sendable (Layer, RankChoice) throws -> Reduction = { layer, choice in
      let isWide = layer.extents.hasWideKernel
      return layer.isDense
        ? try Reduction(ofWhole: layer.difference(), choice, hasWideKernel: isWide)
        : try Reduction(of: layer.sum(), choice, hasWideKernel: isWide)
    }
    guard choice.isFixed else {
      return try computedPlan(threads: threads, onLayer: onLayer) { try reduced($0, choice) }
    }
    return plan(onLayer: onLayer) { layer in
      let rank = min(choice.fixedRank(of: layer.extents) ?? layer.rank, layer.rank)
      return (rank, 1, { try reduced(layer, RankChoice(rule: .fixed(rank))).factors })
    }
  }
}
