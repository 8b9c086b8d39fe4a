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

  let plan: ResultPlan
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
    var weights: [@Sendable () throws -> ResultWeights] = []
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
        weights.append { ResultWeights(.kept(module)) }
      }
    }
    let combination = try Combination(
      [.init(adapter.keeping { plain.contains(TensorName($0.name)) }, weight: 1)],
      division: naming.fluxDivision, base: base)
    for layer in combination.layers where !layer.isZero {
      let (module, obstacles) = Self.module(
        layer, naming, adapter.baseModel, expands: expands, choice: choice)
      let name = layer.terms[0].module.name
      unsupported += obstacles.map {
        Unsupported(name: name, reason: $0, kind: $0 == Self.bias ? .biases : .modules)
      }
      guard let module else { continue }
      kept.append(module)
      weights.append {
        try Self.weights(layer, module, choice: choice)
      }
    }
    let sources = weights
    plan = ResultPlan(modules: kept) { try sources[$0]() }.promising(isExact ? .exact : .best)
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

  /// The layer under a naming, and what of it cannot be had there.
  private static func module(
    _ layer: Combination.Layer, _ naming: Naming, _ model: BaseModel, expands: Bool,
    choice: RankChoice?
  ) -> (ResultModule?, [String]) {
    let whole = layer.concatenated
    if naming.moduleName(for: layer.target, in: model) == nil,
      naming.renamesModules || whole.names[naming] == nil
    {
      return (nil, ["a layer that has no name there"])
    }
    if layer.kind == .embedding && !naming.holdsTable(layer.target) {
      return (nil, ["an embedding"])
    }
    var obstacles: [String] = []
    var form = whole.form
    if case .dense(let shape, let isNorm) = form {
      if layer.dependsOnBase {
        form = .lowRank(rank: layer.rank(choice), scale: 1)
      } else if !layer.changesWeight {
        form = .biasOnly
      } else if !naming.holdsDifferences {
        guard expands, !isNorm, shape.rank > 1 else {
          return (nil, [isNorm ? "a norm" : "a full difference"])
        }
        form = .lowRank(rank: min(layer.extents.outputs, layer.extents.columns), scale: 1)
      }
    }
    let holdsBias = whole.biasCount == nil || naming.holdsBiases(hasFactors: form.rank > 0)
    if !holdsBias { obstacles.append(bias) }
    if form == .biasOnly && !holdsBias { return (nil, obstacles) }
    let module = ResultModule(
      target: layer.target, extents: layer.extents, kind: layer.kind, form: form,
      biasCount: holdsBias ? whole.biasCount : nil, isTransposed: layer.isTransposed,
      names: naming.renamesModules ? [:] : whole.names)
    return (module, obstacles)
  }

  private static func weights(
    _ layer: Combination.Layer, _ module: ResultModule, choice: RankChoice?
  ) throws -> ResultWeights {
    let bias = module.biasCount == nil ? nil : try layer.bias()
    switch module.form {
    case .biasOnly: return ResultWeights(.biasOnly, bias: bias)
    case .lowRank where layer.dependsOnBase:
      guard let choice else { preconditionFailure("a difference without a rank") }
      return try Reduction(
        ofWhole: layer.difference(), choice,
        hasWideKernel: layer.extents.hasWideKernel, bias: bias
      ).weights
    case .lowRank where layer.isDense:
      return ResultWeights(.lowRank(try layer.sum(), asked: nil), bias: bias)
    case .lowRank, .dense, .kept:
      return ResultWeights(try layer.concatenation().values, bias: bias)
    }
  }
}

extension Combination.Layer {
  /// The rank that a fixed choice gives the layer.
  fileprivate func rank(_ choice: RankChoice?) -> Int {
    let wanted = choice?.fixedRank(hasWideKernel: extents.hasWideKernel) ?? .max
    return min(wanted, extents.outputs, extents.columns)
  }
}

extension ResultModule {
  fileprivate init(keeping module: Module, in naming: Naming) {
    self.init(
      target: module.target, extents: module.extents, kind: module.kind,
      form: .kept(module.keptForm(in: naming)), isTransposed: module.isTransposed,
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
