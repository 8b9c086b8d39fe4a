import Adapters
import Compute
import Diffusion
import Names
import Safetensors
import Tensors

/// Adapter files that are used together, each at a weight of its own.
///
/// Plain factors stand beside the model's layers; of every other module the model's tensors are
/// changed as `lora merge --into` changes them.
struct AdapterStack {
  private let layers: [AdaptableLayer]
  private let parts: [Part]

  /// The model's weights, which some modules depend on; nil where none does.
  private let base: CheckpointLayers?

  private struct Part {
    let factors: TrainedAdapter

    /// The modules that change tensors; nil where all are plain factors.
    let rest: Adapter?
  }

  /// The files' modules and tensors that the model has no place for; files without any are absent.
  let leftOut: [(file: String, items: LeftOut)]

  /// Reads the files.
  ///
  /// - Parameter layers: Those of the model that can have factors beside them; networks without any
  ///   are left as they are.
  init(_ paths: [String], for layers: [AdaptableLayer], of model: PretrainedModel) throws {
    let adapters = try paths.map { try AdapterSource(path: $0).adapter() }
    let targets = Set(layers.map(\.name.target))
    let networks = Set(targets.map(\.network))
    func isPlain(_ module: Module) -> Bool { module.isProduct && targets.contains(module.target) }
    func isOther(_ module: Module) -> Bool {
      !isPlain(module) && networks.contains(module.target.network)
    }
    self.layers = layers
    let needsBase = !model.isRandom && adapters.contains { $0.modules.contains(where: isOther) }
    let base =
      try needsBase ? CheckpointLayers(Checkpoint(path: model.path), for: adapters) : nil
    self.base = base
    var found: [(file: String, items: LeftOut)] = []
    parts = try adapters.map { adapter in
      try Self.check(adapter, base)
      let plain = try Combination([.init(adapter.keeping(isPlain), weight: 1)])
      func isRest(_ module: Module) -> Bool {
        isOther(module) && (base?.has(module.target) ?? targets.contains(module.target))
      }
      let rest = adapter.keeping(isRest)
      let part = Part(
        factors: try TrainedAdapter(of: plain, for: layers, in: model.path),
        rest: rest.modules.isEmpty ? nil : rest)
      if part.rest == nil, part.factors.modules.modules.isEmpty { throw adapter.foreignToModel }
      let leftOut = try Self.leftOut(of: adapter) { !isPlain($0) && !isRest($0) }
      if !leftOut.isEmpty { found.append((adapter.file.path, leftOut)) }
      return part
    }
    leftOut = found
  }

  /// The tensors of an adapter that belong to no module, and those of some modules that change a
  /// layer.
  private static func leftOut(
    of adapter: Adapter, _ isLeftOut: (Module) -> Bool
  ) throws -> LeftOut {
    var leftOut = [Combination.Input(adapter, weight: 1)].foreignTensors(in: nil).leftOut
    let without = try Combination(
      [.init(adapter.keeping(isLeftOut), weight: 1)], leavesMissing: true)
    for layer in without.layers where !layer.isZero {
      leftOut.add(layer.terms[0].module.name, as: .modules)
    }
    return leftOut
  }

  /// Refuses what cannot be used, or has no place in the model.
  private static func check(_ adapter: Adapter, _ base: CheckpointLayers?) throws {
    if let rows = adapter.tokenRows.first {
      throw TrainingError.unsupported(
        "\(adapter.file.path): \(rows.module) has rows of tokens, which a model takes by lora merge "
          + "--into only")
    }
    let combination = try Combination(
      [.init(adapter, weight: 1)], base: base, leavesMissing: true)
    guard let base else { return }
    for layer in combination.layers where base.has(layer.target) && !layer.isZero {
      let weight = layer.changesWeight && layer.hasExtents ? layer.extents : nil
      let obstacle =
        (layer.changesWeight
          ? base.obstacle(to: .init(layer.target, .weight), extents: weight) : nil)
        ?? layer.biasCount.flatMap {
          base.obstacle(to: .init(layer.target, .bias), extents: nil, biasCount: $0)
        }
      guard let obstacle else { continue }
      throw AdapterError(
        file: base.checkpoint.path,
        reason: .noPlace(
          obstacle, modules: [layer.terms[0].module.name], adapter: adapter.file.path,
          canSkip: false))
    }
  }

  /// The factors of some files, each at its weight; nil where there are none.
  func adapters(_ uses: [SampleGrid.Use], on backend: any Backend) -> DeviceAdapters? {
    let factors = uses.filter { !parts[$0.file].factors.modules.modules.isEmpty }
    guard !factors.isEmpty else { return nil }
    let joined = AdaptedModules.joined(
      factors.map { use in
        let factors = parts[use.file].factors
        return (factors.modules, factors.values, Float(use.weight))
      }, for: layers)
    return DeviceAdapters(joined.modules, values: joined.values, on: backend)
  }

  /// Those of some files that change the model's tensors.
  func changing(_ uses: [SampleGrid.Use]) -> [SampleGrid.Use] {
    uses.filter { parts[$0.file].rest != nil && $0.weight != 0 }
  }

  /// The change of the model's tensors by some files, each at its weight; nil where there is none.
  func change(_ uses: [SampleGrid.Use]) throws -> TensorChange? {
    let inputs = changing(uses).compactMap { use in
      parts[use.file].rest.map { Combination.Input($0, weight: use.weight) }
    }
    guard !inputs.isEmpty else { return nil }
    return try Combination(inputs, base: base, leavesMissing: true).tensorChange
  }

  /// Adds the factors of a file to a model's weights, for good.
  func merge(_ use: SampleGrid.Use, into unet: UNet, _ text: TextConditioner?) {
    let factors = parts[use.file].factors
    let multiplier = Float(use.weight)
    unet.merge(factors.modules, values: factors.values, multiplier: multiplier)
    text?.merge(factors.modules, values: factors.values, multiplier: multiplier)
  }
}

extension CheckpointLayers {
  /// Whether the checkpoint has something of a layer.
  fileprivate func has(_ target: Target) -> Bool {
    [Role.weight, .bias].contains { !self[Key(target, $0)].isEmpty }
  }
}

extension Combination {
  /// Adds the sum to the tensors of a model.
  fileprivate var tensorChange: TensorChange {
    let changed = Dictionary(
      uniqueKeysWithValues: layers.filter { !$0.isZero }.map { ($0.target, $0) })
    return { [inputs] target, isBias, values, shape in
      guard let layer = changed[target] else { return }
      defer { layer.release() }
      var added: [Double] = []
      if isBias {
        added = try layer.bias() ?? []
      } else if layer.changesWeight {
        let difference = try layer.difference()
        // The factors of a table make it with the tokens across.
        let isTable = layer.terms.contains { $0.module.kind == .embedding }
        added = (isTable ? difference.transposed : difference).elements
      }
      if added.isEmpty { return }
      guard added.count == values.count else {
        throw AdapterError(
          file: inputs[layer.terms[0].input].adapter.file.path,
          reason: .shapesDiffer(
            module: layer.terms[0].module.name,
            detail:
              "adds \(added.count) numbers to a tensor of \(shape); take the model that it was trained on"
          ))
      }
      for (index, number) in added.enumerated() { values[index] += Float(number) }
    }
  }
}
