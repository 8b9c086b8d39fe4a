import Adapters
import LinearAlgebra
import Results

/// All modules of an adapter, decomposed once and scored by any number of recipes.
struct RecipeModules {
  private let modules: [DecomposedModule]
  private let references: [LayerReferences]

  /// - Parameters:
  ///   - recipes: The recipes that will be planned.
  ///   - base: The model, for recipes that compare with it.
  ///   - onLayer: Called after each layer, from any thread.
  init(
    _ combination: Combination, _ recipes: [Recipe], base: BaseWeights?, threads: Int,
    onLayer: @Sendable () -> Void
  ) throws {
    let layers = combination.layers.filter(\.hasRank)
    let wanted = Set(recipes.flatMap(\.weights.keys))
    let scored = try parallelMap(count: layers.count, threads: threads) { index in
      defer { onLayer() }
      let module = try DecomposedModule(layers[index])
      return (module, try base?.references(of: module, wanted: wanted) ?? module.references)
    }
    modules = scored.map(\.0)
    references = scored.map(\.1)
  }

  /// The result of one recipe.
  ///
  /// - Parameters:
  ///   - combination: The adapter, with the recipe's `rescale` as its weight.
  ///   - bytesPerElement: The size of an element of the result.
  /// - Returns: The plan, and what it leaves out.
  func plan(
    _ recipe: Recipe, _ combination: Combination, bytesPerElement: Int
  ) -> (plan: ResultPlan, choice: LayerChoice) {
    let (kept, threshold) = recipe.selection(of: references, bytesPerElement: bytesPerElement)
    var results: [ResultModule] = []
    var choice = LayerChoice(recipe: recipe.text, threshold: threshold)
    let layers = combination.layers.filter(\.hasRank)
    for (index, layer) in layers.enumerated() {
      let module = modules[index]
      choice.add(baseNorm: references[index].frobeniusOfBase, of: layer.target)
      let result = layer.concatenated
      if kept[index].isEmpty {
        choice.addDropped(
          layer.terms[0].module.name, layer.target, rank: layer.rank,
          squaredNorm: module.squaredNorm * recipe.rescale * recipe.rescale)
        if result.bias != nil { results.append(result.with(.biasOnly)) }
        continue
      }
      let indices = kept[index]
      results.append(
        result.with(
          .lowRank(rank: indices.count, scale: module.module.scale) {
            module.result(keeping: indices, rescale: recipe.rescale).factors
          }))
    }
    results += combination.layers.filter { !$0.hasRank && !$0.isZero }.map(\.concatenated)
    return (ResultPlan(modules: results), choice)
  }
}
