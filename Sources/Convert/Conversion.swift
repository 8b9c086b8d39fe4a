import Adapters
import LinearAlgebra
import Names
import Safetensors
import Tensors

/// The modules of an adapter as a naming can hold them.
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

  /// The modules that are missing from the result.
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
    let world = naming.world(for: adapter)
    var isExact = true
    var kept: [ResultModule] = []
    var special: [Module] = []
    var plain: Set<TensorName> = []
    for module in adapter.modules {
      if let obstacle = adapter.obstacle(to: naming, world, module) {
        unsupported.append(Unsupported(name: module.name, reason: obstacle))
        continue
      }
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
        special.append(module)
      }
    }
    let (divided, refused) = try adapter.divided(special, in: world)
    unsupported += refused.map {
      Unsupported(
        name: $0.name, reason: "\($0.algorithm.title) of a layer that is divided otherwise there")
    }
    kept += divided.map { ResultModule(keeping: $0, in: naming, of: adapter) }
    let combination = try Combination(
      [.init(adapter.keeping { plain.contains(TensorName($0.name)) }, weight: 1)],
      world: world, base: base)
    for layer in combination.layers where !layer.isZero {
      let (module, obstacles) = Self.module(
        layer, naming, adapter, expands: expands, choice: choice)
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

  /// The reason why a module cannot keep its form; `nil` if it can.
  private static func obstacle(
    to naming: Naming, _ module: Module, _ adapter: Adapter
  ) -> String? {
    if let obstacle = module.obstacle(to: naming) { return obstacle }
    if naming.moduleName(for: module.target, in: adapter.baseModel) == nil {
      return "a layer that has no name there"
    }
    return nil
  }

  /// The layer under a naming, and the reason why the naming cannot hold part of it.
  private static func module(
    _ layer: Combination.Layer, _ naming: Naming, _ adapter: Adapter, expands: Bool,
    choice: RankChoice?
  ) -> (ResultModule?, [String]) {
    let whole = layer.concatenated
    if layer.expert != nil && naming != .peft { return (nil, ["an expert of a parameter"]) }
    let names = adapter.renames(layer.target, naming) ? [:] : whole.names
    if naming.moduleName(for: layer.target, in: adapter.baseModel) == nil, names[naming] == nil {
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
        names: names, expert: layer.expert), obstacles
    )
  }
}

extension ResultModule {
  fileprivate init(keeping module: Module, in naming: Naming, of adapter: Adapter) {
    self.init(
      target: module.target, extents: module.extents, kind: module.kind,
      content: .kept(module, module.keptForm(in: naming)), isTransposed: module.isTransposed,
      names: adapter.renames(module.target, naming) ? [:] : [module.naming: module.name])
  }
}

extension Adapter {
  /// The reason why the tables have no name for a module; `nil` if they have one, or if it keeps
  /// its own.
  fileprivate func obstacle(
    to naming: Naming, _ world: World?, _ module: Module
  ) -> String? {
    if module.naming == naming && !naming.renamesModules { return nil }
    switch standing(of: module, in: world) {
    case .known: return nil
    case .unknown where baseModel == .unknown: return "a layer of a model whose names are not known"
    case .unknown: return "a layer that no table of \(baseModel.rawValue) has"
    case .absent: return "a layer that has no name there"
    }
  }

  /// Whether a layer gets a new name from a table, whatever name the file has.
  fileprivate func renames(_ target: Target, _ naming: Naming) -> Bool {
    naming.renamesModules || target.network == .denoiser && family?.knows(target) ?? false
  }

  /// The role of a tensor that belongs to no module of the adapter.
  fileprivate func role(of name: String) -> String {
    if tokenRows.contains(where: { $0.entry.name.string == name }) {
      return "trained rows of tokens"
    }
    return experts.contains { name.hasPrefix($0 + ".lora_") }
      ? "factors of several experts side by side" : "no part of a module"
  }
}
