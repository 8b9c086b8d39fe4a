import Adapters
import LinearAlgebra
import Names
import Results
import Safetensors

/// All modules of an adapter, decomposed so that they can share a budget.
struct BudgetedModules {
  private let modules: [DecomposedModule]

  /// ‖W‖ of the base model's weights; errors are then relative to them.
  private let baseNorms: [Target: Double]

  /// Layers without a rank to choose.
  private let rest: [ResultModule]

  init(
    _ combination: Combination, baseNorms: [Target: Double], threads: Int,
    onLayer: @Sendable () -> Void
  ) throws {
    self.baseNorms = baseNorms
    let layers = combination.layers.filter(\.hasRank)
    modules = try parallelMap(count: layers.count, threads: threads) { index in
      defer { onLayer() }
      return try DecomposedModule(layers[index])
    }
    rest = combination.layers.filter { !$0.hasRank && !$0.isZero }.map(\.concatenated)
  }

  /// The result that uses a budget of elements, or of bytes of the whole file.
  func plan(
    file: String, elements: Int?, byteCount: Int?, _ writer: ResultWriter
  ) throws -> ResultPlan {
    if let elements { return try plan(elements: elements, file: file) }
    // The header's length varies by a few digits with the ranks: plan, then subtract the excess.
    let budget = byteCount ?? 0
    let least = try writer.byteCount(of: plan(ranks: modules.map { _ in 1 }))
    let bytesPerElement = writer.bytesPerElement
    let ofOne = minElements
    var elements = (budget - least) / bytesPerElement + ofOne
    while true {
      guard elements >= ofOne else {
        let detail = "takes \(least) bytes at rank 1, above the \(budget) asked for"
        throw AdapterError(
          file: file, reason: .refused("\(detail); allow more, or choose --dtype f16"))
      }
      let plan = try plan(elements: elements, file: file)
      let over = try writer.byteCount(of: plan) - budget
      if over <= 0 { return plan }
      elements -= max(over / bytesPerElement, 1)
    }
  }

  /// The number of elements of all factors at rank 1.
  private var minElements: Int { modules.reduce(0) { $0 + $1.module.elementsPerRank } }

  private func plan(elements: Int, file: String) throws -> ResultPlan {
    let costs = modules.map { decomposed in
      let norm = baseNorms[decomposed.module.layer.target] ?? 1
      let scale = decomposed.module.scale / max(norm, .leastNormalMagnitude)
      return (
        decomposed.module.elementsPerRank, decomposed.decomposition.values.map { $0 * scale }
      )
    }
    guard let budget = Budget(costs, elements: elements) else {
      let what =
        "has \(minElements) parameters at rank 1, above the \(elements) asked for; allow more"
      throw AdapterError(file: file, reason: .refused(what))
    }
    return plan(ranks: budget.ranks)
  }

  /// A plan that forms the factors when they are written.
  private func plan(ranks: [Int]) -> ResultPlan {
    let resized = zip(modules, ranks).map { decomposed, rank in
      let module = decomposed.module
      return module.layer.concatenated.with(
        .lowRank(rank: rank, scale: module.scale) {
          module.result(rank: rank, by: decomposed.decomposition).factors
        })
    }
    return ResultPlan(modules: resized + rest)
  }
}
