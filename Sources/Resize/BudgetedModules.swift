import Adapters
import LinearAlgebra
import Results
import Safetensors

/// All modules of an adapter, taken apart to share a budget.
struct BudgetedModules {
  private let combination: Combination
  private let modules: [ResizableModule]
  private let wholes: [(module: ResultModule, weights: ResultWeights)]

  init(
    _ combination: Combination, threads: Int, onLayer: @Sendable () -> Void
  ) throws {
    self.combination = combination
    let layers = combination.layers.filter { !$0.isZero && !$0.isDense }
    modules = try parallelMap(count: layers.count, threads: threads) { index in
      defer { onLayer() }
      return try ResizableModule(layers[index], in: combination.inputs)
    }
    wholes = try combination.layers.filter { !$0.isZero && $0.isDense }.map {
      ($0.concatenated, try $0.concatenation(in: combination.inputs))
    }
  }

  /// The result that spends a budget of elements, or of bytes of the whole file.
  func plan(
    file: String, elements: Int?, byteCount: Int?, _ writer: ResultWriter
  ) throws -> ResultPlan {
    if let elements { return try plan(elements: elements, file: file) }
    // The header's length depends on the ranks by a few digits: ask, and take off what is over.
    let budget = byteCount ?? 0
    let least = try writer.byteCount(of: plan(ranks: modules.map { _ in 1 }))
    let bytesPerElement = writer.bytesPerElement
    let ofOne = modules.reduce(0) { $0 + $1.elementsPerRank }
    var elements = (budget - least) / bytesPerElement + ofOne
    while true {
      guard elements >= ofOne else {
        let detail = "takes \(least) bytes at rank 1, above the \(budget) asked for"
        throw AdapterError(
          file: file, reason: .noAdapter(what: "\(detail); allow more, or choose --dtype f16"))
      }
      let plan = try plan(elements: elements, file: file)
      let over = try writer.byteCount(of: plan) - budget
      if over <= 0 { return plan }
      elements -= max(over / bytesPerElement, 1)
    }
  }

  private func plan(elements: Int, file: String) throws -> ResultPlan {
    let costs = modules.map { ($0.elementsPerRank, $0.decomposition.values) }
    guard let budget = Budget(costs, elements: elements) else {
      let least = modules.reduce(0) { $0 + $1.elementsPerRank }
      let what = "has \(least) parameters at rank 1, above the \(elements) asked for; allow more"
      throw AdapterError(file: file, reason: .noAdapter(what: what))
    }
    return plan(ranks: budget.ranks)
  }

  private func plan(ranks: [Int]) -> ResultPlan {
    let results = zip(modules, ranks).map { module, rank in
      let (form, weights) = module.result(rank: rank)
      return (module: module.layer.concatenated.with(form: form), weights: weights)
    }
    let all = results + wholes
    return ResultPlan(modules: all.map(\.module)) { all[$0].weights }
  }
}
