import Adapters
import LinearAlgebra
import Safetensors
import Tensors

/// Resizes module by module, by a rule that needs only the module itself.
struct Resizing: Sendable {
  /// How a module is reduced to a rank.
  enum Method {
    /// Takes the best approximation.
    case approximating

    /// Takes the first of the ranks that DyLoRA trained.
    case slicing

    /// Does what sd-scripts does.
    case asSDScripts
  }

  private let choice: RankChoice
  private let method: Method

  init(_ choice: RankChoice, _ method: Method) {
    self.choice = choice
    self.method = method
  }

  func plan(
    _ combination: Combination, threads: Int, onLayer: @escaping @Sendable () -> Void
  ) throws -> ResultPlan {
    try check(combination)
    guard choice.isFixed, method != .slicing else {
      return try combination.computedPlan(
        promise: method == .slicing ? .slice : .best, threads: threads, onLayer: onLayer
      ) { try result(ResizableModule($0), rank: fixedRank($0)) }
    }
    return combination.plan(onLayer: onLayer) { layer in
      let rank = fixedRank(layer) ?? layer.rank
      return (
        rank, layer.concatenated.scale,
        { try result(ResizableModule(layer), rank: rank).factors }
      )
    }
  }

  /// - Parameter rank: The layer's rank; `nil` if the rule decides by the values.
  private func result(_ module: ResizableModule, rank: Int?) throws -> Reduction {
    switch (method, rank) {
    case (.slicing, let rank?): return module.slice(rank: rank)
    case (.asSDScripts, let rank): return try SDScriptsResizing.result(module, choice, rank: rank)
    case (_, let rank?): return try module.result(rank: rank)
    case (_, nil):
      let decomposition = try module.decomposition()
      let rank = choice.rank(
        for: decomposition.values, hasWideKernel: module.layer.extents.hasWideKernel)
      return module.result(rank: rank, by: decomposition)
    }
  }

  /// The rank of a layer if it does not depend on its values; `nil` if a rule decides.
  ///
  /// A layer whose own rank is lower keeps all of it, and its update stays exact. DyLoRA's slices
  /// have the chosen rank.
  private func fixedRank(_ layer: Combination.Layer) -> Int? {
    let extents = layer.extents
    switch method {
    case .slicing: return choice.fixedRank(hasWideKernel: extents.hasWideKernel)
    case .asSDScripts:
      return SDScriptsResizing.fixedRank(choice, layer)
        .map { min($0, extents.outputs, extents.columns) }
    case .approximating: return choice.fixedRank(of: extents)
    }
  }

  /// Refuses slices of algorithms that DyLoRA does not train.
  private func check(_ combination: Combination) throws(AdapterError) {
    for layer in combination.layers where layer.hasRank {
      let module = layer.terms[0].module
      guard method == .slicing, !module.algorithm.isProduct else { continue }
      throw AdapterError(
        file: module.file.path,
        reason: .refused(
          "\(module.name) is \(module.algorithm.title), which DyLoRA does not train; leave --dylora out"
        ))
    }
  }
}
