import Adapters
import LinearAlgebra
import Names
import Results
import Safetensors

/// All modules of an adapter, decomposed so that they can share a budget.
struct BudgetedModules {
  private let modules: [DecomposedModule]

  /// The indices of modules that are stored at one rank: a layer, or all experts of a parameter.
  private let groups: [[Int]]

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
    groups = Self.groups(layers)
    rest = combination.layers.filter { !$0.hasRank && !$0.isZero }.map(\.concatenated)
  }

  /// The result that uses a budget of elements, or of bytes of the whole file.
  func plan(
    file: String, elements: Int?, byteCount: Int?, _ writer: ResultWriter
  ) throws -> ResultPlan {
    if let elements { return try plan(elements: elements, file: file) }
    // The header's length varies by a few digits with the ranks: plan, then subtract the excess.
    let budget = byteCount ?? 0
    let least = try writer.byteCount(of: plan(ranks: groups.map { _ in 1 }))
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
    let costs = groups.map { group in
      let members = group.map { relativeValues(of: modules[$0]) }
      return (
        cost: group.reduce(0) { $0 + modules[$1].module.elementsPerRank },
        values: members.count == 1 ? members[0] : Self.joinedValues(members)
      )
    }
    guard let budget = Budget(costs, elements: elements) else {
      let what =
        "has \(minElements) parameters at rank 1, above the \(elements) asked for; allow more"
      throw AdapterError(file: file, reason: .refused(what))
    }
    return plan(ranks: budget.ranks)
  }

  /// The singular values of a module's update, divided by the norm of the base model's weight.
  private func relativeValues(of decomposed: DecomposedModule) -> [Double] {
    let norm = baseNorms[decomposed.module.layer.target] ?? 1
    let scale = decomposed.module.scale / max(norm, .leastNormalMagnitude)
    return decomposed.decomposition.values.map { $0 * scale }
  }

  /// The energy that each further rank of all members keeps, as its root.
  private static func joinedValues(_ members: [[Double]]) -> [Double] {
    (0..<(members.map(\.count).max() ?? 0)).map { rank in
      members.reduce(0) { $0 + (rank < $1.count ? $1[rank] * $1[rank] : 0) }.squareRoot()
    }
  }

  private static func groups(_ layers: [Combination.Layer]) -> [[Int]] {
    var groups: [[Int]] = []
    var places: [String: Int] = [:]
    for (index, layer) in layers.enumerated() {
      let parameter = layer.terms[0].module.expert?.parameterName
      if let place = parameter.flatMap({ places[$0] }) {
        groups[place].append(index)
        continue
      }
      if let parameter { places[parameter] = groups.count }
      groups.append([index])
    }
    return groups
  }

  /// A plan that forms the factors when they are written.
  private func plan(ranks: [Int]) -> ResultPlan {
    let resized = zip(groups, ranks).flatMap { group, rank in
      group.map { index in
        let (module, decomposition) = (modules[index].module, modules[index].decomposition)
        return module.layer.concatenated.with(
          .lowRank(rank: rank, scale: module.scale) {
            module.result(rank: rank, by: decomposition).factors
          })
      }
    }
    return ResultPlan(modules: resized + rest)
  }
}
