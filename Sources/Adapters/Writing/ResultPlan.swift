package import LinearAlgebra
package import Names

/// A result before it is written: its modules, and where their weights come from.
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

  package let modules: [ResultModule]
  package var promise = Promise.best

  /// Tensors of no module that stand beside the modules, as they are.
  package var foreign: [ForeignTensor] = []

  /// The weights of a module by its index, from any thread; the same whenever they are asked for.
  package let weights: @Sendable (Int) throws -> ResultWeights

  /// Whether the weights are at hand, so that writing them is all there is left to do.
  package let isComputed: Bool

  package init(
    modules: [ResultModule], isComputed: Bool = false,
    weights: @escaping @Sendable (Int) throws -> ResultWeights
  ) {
    self.modules = modules
    self.isComputed = isComputed
    self.weights = weights
  }

  package func promising(_ promise: Promise) -> ResultPlan {
    var plan = self
    plan.promise = promise
    return plan
  }

  /// The ranks of layers that are thinner than a rank asked for, by what the layers are called.
  package func cappedRanks(by choice: RankChoice?) -> [String: Int] {
    let capped = modules.compactMap { module -> (String, Int)? in
      guard case .lowRank(let rank, _) = module.form,
        let asked = choice?.fixedRank(hasWideKernel: module.extents.hasWideKernel),
        asked > min(module.extents.outputs, module.extents.columns), rank < asked
      else { return nil }
      return ("\(module.target)", rank)
    }
    return Dictionary(capped, uniquingKeysWith: { first, _ in first })
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
  package var concatenation: ResultPlan {
    plan { ($0.concatenated.form, nil) }.promising(.exact)
  }

  /// A result whose forms are known by the shapes: layers are computed when they are written, and
  /// none is held longer.
  ///
  /// - Parameter result: A layer's form, and what computes its weights; `nil` for those of its
  ///   concatenation. Not asked for layers without a rank to be chosen, which are summed.
  package func plan(
    _ result: (Layer) throws -> (
      form: ResultModule.Form, weights: (@Sendable () throws -> ResultWeights)?
    )
  ) rethrows -> ResultPlan {
    let layers = layers.filter { !$0.isZero }
    var modules: [ResultModule] = []
    var computations: [(@Sendable () throws -> ResultWeights)?] = []
    for layer in layers {
      let (form, weights) = layer.hasRank ? try result(layer) : (layer.concatenated.form, nil)
      modules.append(layer.concatenated.with(form: form))
      computations.append(weights)
    }
    return ResultPlan(modules: modules) { [computations] index in
      guard let weights = computations[index] else {
        return try layers[index].concatenation()
      }
      defer { layers[index].release() }
      return try weights()
    }
  }

  /// A result of which every layer is computed at once, since its rank depends on its values.
  ///
  /// - Parameters:
  ///   - onLayer: Called after each layer, from any thread.
  ///   - reduce: The layer's result; not asked for layers without a rank to be chosen, which are
  ///     summed.
  package func computedPlan(
    threads: Int, onLayer: @Sendable () -> Void = {},
    _ reduce: @Sendable (Layer) throws -> (form: ResultModule.Form, weights: ResultWeights)
  ) throws -> ResultPlan {
    let layers = layers.filter { !$0.isZero }
    let results = try parallelMap(count: layers.count, threads: threads) { index in
      let layer = layers[index]
      defer { onLayer() }
      if !layer.hasRank { return (layer.concatenated, try layer.concatenation()) }
      defer { layer.release() }
      let (form, weights) = try reduce(layer)
      return (layer.concatenated.with(form: form), weights)
    }
    return ResultPlan(modules: results.map(\.0), isComputed: true) { results[$0].1 }
  }

  /// The best approximation of the exact sum, layer by layer, at the ranks that a choice makes.
  package func approximation(
    _ choice: RankChoice, threads: Int, onLayer: @Sendable () -> Void = {}
  ) throws -> ResultPlan {
    let reduced: @Sendable (Layer) throws -> Reduction = { layer in
      let isWide = layer.extents.hasWideKernel
      let bias = try layer.bias()
      return layer.isDense
        ? try Reduction(
          ofWhole: layer.difference(), choice, hasWideKernel: isWide, bias: bias)
        : try Reduction(of: layer.sum(), choice, hasWideKernel: isWide, bias: bias)
    }
    guard choice.fixedRank(hasWideKernel: false) != nil else {
      return try computedPlan(threads: threads, onLayer: onLayer) { layer in
        let reduction = try reduced(layer)
        return (reduction.form, reduction.weights)
      }
    }
    return plan { layer in
      let extents = layer.extents
      let most = min(extents.outputs, extents.columns, layer.rank)
      let rank = min(choice.fixedRank(hasWideKernel: extents.hasWideKernel) ?? most, most)
      return (.lowRank(rank: rank, scale: 1), { try reduced(layer).weights })
    }
  }
}
