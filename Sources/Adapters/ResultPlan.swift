package import LinearAlgebra

/// A result before it is written: its modules, and where their weights come from.
package struct ResultPlan: Sendable {
  package let modules: [ResultModule]

  /// The weights of a module by its index, from any thread; each is asked for once.
  package let weights: @Sendable (Int) throws -> ResultWeights

  package init(
    modules: [ResultModule], weights: @escaping @Sendable (Int) throws -> ResultWeights
  ) {
    self.modules = modules
    self.weights = weights
  }
}

extension Combination {
  /// The family of models that the inputs are for, by the first that shows it.
  package var baseModel: BaseModel {
    inputs.map(\.adapter.baseModel).first { $0 != .unknown } ?? .unknown
  }

  /// The rank of each layer's exact sum, without reading a weight.
  package var ranks: [Target: Int] {
    Dictionary(
      layers.map { layer in
        (layer.target, layer.terms.reduce(0) { $0 + $1.expandedRank })
      }, uniquingKeysWith: { first, _ in first })
  }

  /// The exact sum: the terms' factors side by side, read when they are written.
  package var concatenation: ResultPlan {
    let layers = layers.filter { !$0.isZero }
    return ResultPlan(modules: layers.map(\.concatenated)) { index in
      try layers[index].concatenation(in: inputs)
    }
  }

  /// A result of which every layer is computed at once, since its rank depends on its values.
  ///
  /// - Parameters:
  ///   - onLayer: Called after each layer, from any thread.
  ///   - reduce: The layer's result; not asked for stored whole differences, which are summed.
  package func plan(
    threads: Int, onLayer: @Sendable () -> Void = {},
    _ reduce: @Sendable (Layer) throws -> (form: ResultModule.Form, weights: ResultWeights)
  ) throws -> ResultPlan {
    let layers = layers.filter { !$0.isZero }
    let results = try parallelMap(count: layers.count, threads: threads) { index in
      let layer = layers[index]
      defer {
        layer.release(in: inputs)
        onLayer()
      }
      if layer.isDense && !layer.dependsOnBase {
        return (layer.concatenated, try layer.concatenation(in: inputs))
      }
      let (form, weights) = try reduce(layer)
      return (layer.concatenated.with(form: form), weights)
    }
    return ResultPlan(modules: results.map(\.0)) { results[$0].1 }
  }

  /// The best approximation of the exact sum, layer by layer, at the ranks that a choice makes.
  package func approximation(
    _ choice: RankChoice, threads: Int, onLayer: @Sendable () -> Void = {}
  ) throws -> ResultPlan {
    try plan(threads: threads, onLayer: onLayer) { layer in
      let reduction =
        layer.dependsOnBase
        ? try Reduction(
          ofWhole: layer.difference(in: inputs), choice,
          hasWideKernel: layer.extents.hasWideKernel, bias: layer.bias(in: inputs))
        : try Reduction(
          of: layer.sum(in: inputs), choice, hasWideKernel: layer.extents.hasWideKernel,
          bias: layer.bias(in: inputs))
      return (reduction.form, reduction.weights)
    }
  }
}
