package import LinearAlgebra
package import Names

/// The modules of a result before it is written, and how exact the result will be.
package struct ResultPlan: Sendable {
  /// How close a result is to the exact update.
  package enum Promise: Sendable {
    /// The result is exact; only rounding may lose something.
    case exact

    /// The result is the best approximation at its ranks, or the one that a rule makes.
    case best

    /// The result is a slice of an update's ranks, with its own strength.
    case slice

    /// The result imitates what another program makes.
    case imitation
  }

  package var modules: [ResultModule]
  package var promise: Promise

  /// Tensors that belong to no module and are copied unchanged.
  package var foreign: [ForeignTensor] = []

  /// Called after each written module, from any thread; does nothing if the modules were computed,
  /// and their progress reported, while planning.
  let onModule: @Sendable () -> Void

  package init(
    modules: [ResultModule], promise: Promise = .best,
    onModule: @escaping @Sendable () -> Void = {}
  ) {
    self.modules = modules
    self.promise = promise
    self.onModule = onModule
  }

  /// The ranks of layers whose maximum rank is below the chosen rank, by the layers' names.
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

  /// The rank of a layer with these extents; `nil` where it depends on the values.
  package func fixedRank(of extents: Module.Extents) -> Int? {
    fixedRank(hasWideKernel: extents.hasWideKernel)
      .map { min($0, extents.outputs, extents.columns) }
  }
}

extension Combination {
  /// The family of models that the inputs are for, taken from the first input that shows it.
  package var baseModel: BaseModel {
    inputs.map(\.adapter.baseModel).first { $0 != .unknown } ?? .unknown
  }

  /// The rank of each layer's exact sum; no weight is read.
  package var ranks: [Target: Int] {
    Dictionary(layers.map { ($0.target, $0.rank) }, uniquingKeysWith: { first, _ in first })
  }

  /// The exact sum: the terms' factors side by side, read when they are written.
  package func concatenation(onLayer: @escaping @Sendable () -> Void) -> ResultPlan {
    ResultPlan(
      modules: layers.filter { !$0.isZero }.map(\.concatenated), promise: .exact, onModule: onLayer)
  }

  /// A result whose ranks follow from the shapes: layers are computed when they are written, and
  /// none is held longer.
  ///
  /// - Parameters:
  ///   - onLayer: Called after each layer, from any thread.
  ///   - reduce: Returns a layer's rank and scale, and the closure that computes its factors. Not
  ///     called for layers without a rank to choose, which are summed.
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

  /// A result whose layers are all computed at once, because their ranks depend on their values.
  ///
  /// - Parameters:
  ///   - onLayer: Called after each layer, from any thread.
  ///   - reduce: Returns the layer's result. Not called for layers without a rank to choose, which
  ///     are summed.
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

  /// The best approximation of the exact sum, layer by layer, at the chosen ranks.
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
