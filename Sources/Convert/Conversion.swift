import Adapters
import LinearAlgebra
import Names
import Safetensors
import Tensors

/// What of an adapter a naming can hold, and how.
struct Conversion {
  /// A part of the file that the naming cannot hold.
  struct Unsupported: Hashable {
    let name: String
    let reason: String
    var kind = LeftOut.Kind.modules
  }

  let modules: [ResultModule]
  let promise: ResultPlan.Promise
  let unsupported: [Unsupported]

  /// What of the modules is not in the result.
  let leftOut: LeftOut

  /// - Parameters:
  ///   - expands: Whether LoHa, LoKr and the like become up·down.
  ///   - base: The model, for modules whose update depends on its weights; they become up·down at
  ///     the rank that `choice` gives them.
  init(
    _ adapter: Adapter, to naming: Naming, expands: Bool, base: CheckpointLayers?,
    choice: RankChoice?
  ) throws {
    let foreign = [Combination.Input(adapter, weight: 1)].foreignTensors(in: naming).leftOut
    let others = LeftOut.Kind.allCases.flatMap { kind in
      foreign[kind].map {
        Unsupported(
          name: $0, reason: kind == .embeddings ? "an embedding" : adapter.role(of: $0), kind: kind)
      }
    }
    var unsupported: [Unsupported] = []
    var adapter = adapter
    if base == nil {
      let (factors, tensors) = adapter.withoutOwnTensors
      adapter = factors
      unsupported = tensors.map { part, entry in
        Unsupported(
          name: entry.name.string, reason: "a weight or bias that is stored whole beside factors",
          kind: part == .bias ? .biases : .tensors)
      }
    }
    var isExact = true
    var kept: [ResultModule] = []
    var plain: Set<TensorName> = []
    for module in adapter.modules {
      let needsBase = module.needsBase || module.replacesWeight
      if !module.isSpecial || (expands && (!needsBase || base != nil)) {
        plain.insert(TensorName(module.name))
        isExact = isExact && !needsBase
      } else if expands && needsBase {
        unsupported.append(
          Unsupported(
            name: module.name,
            reason: "\(module.algorithm.title), which --plain expands with --base and --rank only"))
      } else if let obstacle = Self.obstacle(to: naming, module, adapter) {
        unsupported.append(Unsupported(name: module.name, reason: obstacle))
      } else {
        kept.append(ResultModule(keeping: module, in: naming))
      }
    }
    let combination = try Combination(
      [.init(adapter.keeping { plain.contains(TensorName($0.name)) }, weight: 1)],
      division: naming.fluxDivision, base: base)
    for layer in combination.layers where !layer.isZero {
      let (module, obstacles) = Self.module(
        layer, naming, adapter.baseModel, expands: expands, choice: choice)
      let name = layer.expert?.parameterName ?? layer.terms[0].module.name
      unsupported += obstacles.map {
        Unsupported(name: name, reason: $0, kind: $0 == Self.bias ? .biases : .modules)
      }
      if let module { kept.append(module) }
    }
    modules = kept
    promise = isExact ? .exact : .best
    var seen: Set<Unsupported> = []  // Experts of one parameter have one name.
    unsupported = unsupported.filter { seen.insert($0).inserted }
    self.unsupported = others + unsupported
    var leftOut = LeftOut()
    for item in unsupported { leftOut.add(item.name, as: item.kind) }
    self.leftOut = leftOut
  }

  private static let bias = "a bias"

  /// Why a module cannot stay what it is; `nil` where it can.
  private static func obstacle(
    to naming: Naming, _ module: Module, _ adapter: Adapter
  ) -> String? {
    if let obstacle = module.obstacle(to: naming) { return obstacle }
    if naming.moduleName(for: module.target, in: adapter.baseModel) == nil {
      return "a layer that has no name there"
    }
    let division = naming.fluxDivision
    let isDivided =
      division != nil && adapter.fluxDivision != nil
      && adapter.fluxDivision != division
    return isDivided ? "\(module.algorithm.title) of a layer that is divided otherwise" : nil
  }

  /// The layer under a naming, and why the naming cannot hold some of it.
  private static func module(
    _ layer: Combination.Layer, _ naming: Naming, _ model: BaseModel, expands: Bool,
    choice: RankChoice?
  ) -> (ResultModule?, [String]) {
    let whole = layer.concatenated
    if layer.expert != nil && naming != .peft { return (nil, ["an expert of a parameter"]) }
    if naming.moduleName(for: layer.target, in: model) == nil,
      naming.renamesModules || whole.names[naming] == nil
    {
      return (nil, ["a layer that has no name there"])
    }
    if layer.kind == .embedding && !naming.holdsTable(layer.target) {
      return (nil, ["an embedding"])
    }
    if !naming.holdsFactors(of: layer.extents) { return (nil, ["a convolution"]) }
    var obstacles: [String] = []
    var content = whole.content
    if case .dense(let shape, let isNorm, _) = content {
      let most = min(layer.extents.outputs, layer.extents.columns)
      if layer.dependsOnBase {
        let rank = choice?.fixedRank(of: layer.extents) ?? most
        content = .lowRank(rank: rank, scale: 1) {
          try Reduction(
            ofWhole: layer.difference(), RankChoice(rule: .fixed(rank)),
            hasWideKernel: layer.extents.hasWideKernel
          ).factors
        }
      } else if !layer.changesWeight {
        content = .biasOnly
      } else if !naming.holdsDifferences {
        guard expands, !isNorm, shape.rank > 1 else {
          return (nil, [isNorm ? "a norm" : "a full difference"])
        }
        content = .lowRank(rank: most, scale: 1) { .lowRank(try layer.sum(), asked: nil) }
      }
    }
    let hasFactors = whole.with(content).rank > 0
    let holdsBias = whole.bias == nil || naming.holdsBiases(hasFactors: hasFactors)
    if !holdsBias { obstacles.append(bias) }
    if case .biasOnly = content, !holdsBias { return (nil, obstacles) }
    return (
      ResultModule(
        target: layer.target, extents: layer.extents, kind: layer.kind, content: content,
        bias: holdsBias ? whole.bias : nil, isTransposed: layer.isTransposed,
        names: naming.renamesModules ? [:] : whole.names, expert: layer.expert), obstacles
    )
  }
}

extension ResultModule {
  fileprivate init(keeping module: Module, in naming: Naming) {
    self.init(
      target: module.target, extents: module.extents, kind: module.kind,
      content: .kept(module, module.keptForm(in: naming)), isTransposed: module.isTransposed,
      names: naming.renamesModules ? [:] : [module.naming: module.name])
  }
}

extension Adapter {
  /// What a tensor is that no module of the adapter has.
  fileprivate func role(of name: String) -> String {
    if tokenRows.contains(where: { $0.entry.name.string == name }) {
      return "trained rows of tokens"
    }
    return experts.contains { name.hasPrefix($0 + ".lora_") }
      ? "factors of several experts side by side" : "no part of a module"
  }
}
