import Adapters
import Diffusion
import LinearAlgebra
import Names
import Safetensors
import Tensors

/// An adapter of plain factors in memory.
struct TrainedAdapter {
  let modules: AdaptedModules

  /// The flat weights.
  let values: [Float]
}

extension TrainedAdapter {
  /// Reads the factors of a sum of plain adapters, those of one layer side by side.
  ///
  /// - Parameters:
  ///   - layers: The model's; what changes others is left out.
  ///   - model: The model's path, for errors.
  /// - Throws: Where a module is of another shape than its layer.
  init(
    of combination: Combination, for layers: [AdaptableLayer], in model: String
  ) throws {
    let changed = Dictionary(
      uniqueKeysWithValues: combination.layers.filter { !$0.isZero }.map { ($0.target, $0) })
    for layer in layers {
      if let own = changed[layer.name.target] { try own.check(fits: layer, in: model, combination) }
    }
    modules = AdaptedModules(of: layers) { layer in
      changed[layer.name.target].map {
        let result = $0.concatenated
        return (result.rank, Float(result.scale * Double(result.rank)))
      }
    }
    var values = [Float](repeating: 0, count: modules.parameterCount)
    for module in modules.modules {
      guard let layer = changed[module.layer.name.target],
        case .lowRank(_, _, let concatenation) = layer.concatenated.content
      else { continue }
      let factors = try concatenation().product().factors
      modules.setFileValues(
        down: factors.down.elements.map { Float($0) }, up: factors.up.elements.map { Float($0) },
        of: module, in: &values)
      layer.release()
    }
    self.values = values
  }

  /// Reads the adapter that a training goes on with.
  ///
  /// - Throws: Where a module is no product of two factors, which alone are trained.
  init(continuing path: String, for layers: [AdaptableLayer], in model: String) throws {
    let targets = Set(layers.map(\.name.target))
    let adapter = try AdapterSource(path: path).adapter()
    let own = adapter.keeping { targets.contains($0.target) }
    if let module = own.modules.first(where: { !$0.isProduct }) {
      throw TrainingError.unsupported(
        "\(path): \(module.name) is \(module.kindOfUpdate), and only plain LoRA can be trained on; "
          + "lora convert --plain makes it of most adapters")
    }
    try self.init(of: Combination([.init(own, weight: 1)]), for: layers, in: model)
    if modules.modules.isEmpty { throw adapter.foreignToModel }
  }
}

extension TrainedAdapter {
  /// The same adapter of some of its layers; the whole one where these are all.
  func keeping(_ isKept: (AdaptableLayer) -> Bool) -> TrainedAdapter {
    let layers = modules.modules.map(\.layer).filter(isKept)
    guard layers.count < modules.modules.count else { return self }
    let kept = AdaptedModules(of: layers) { layer in
      modules.module(for: layer).map { ($0.module.rank, $0.module.alpha) }
    }
    var own = [Float](repeating: 0, count: kept.parameterCount)
    for module in kept.modules {
      guard let source = modules.module(for: module.layer)?.module else { continue }
      copy(source, to: module, in: &own)
    }
    return TrainedAdapter(modules: kept, values: own)
  }

  /// Puts a module's weights where a module of the same layer and rank lies in other weights.
  func copy(
    _ source: AdaptedModules.Module, to module: AdaptedModules.Module, in weights: inout [Float]
  ) {
    precondition(source.downCount == module.downCount && source.upCount == module.upCount)
    for (from, to, count) in [
      (source.down, module.down, module.downCount), (source.up, module.up, module.upCount),
    ] {
      weights.replaceSubrange(to..<to + count, with: values[from..<from + count])
    }
  }
}

extension Module {
  /// Whether the module is a product of two factors and nothing else, as LoRA trains it.
  var isProduct: Bool {
    algorithm.isProduct && !replacesWeight && biasCount == nil && kind != .embedding
  }

  fileprivate var kindOfUpdate: String {
    algorithm.isProduct ? "LoRA with a bias, or of a table" : algorithm.title
  }
}

extension Adapter {
  /// The error of an adapter that changes nothing in a model.
  var foreignToModel: AdapterError {
    let example = modules.first?.name ?? "none"
    return AdapterError(
      file: file.path,
      reason: .noAdapter(
        what:
          "none of its modules belongs to this model ('\(example)', for one); is it for another base?"
      ))
  }
}

extension Combination.Layer {
  /// Throws where the factors are not made for the layer.
  fileprivate func check(
    fits layer: AdaptableLayer, in model: String, _ combination: Combination
  ) throws(AdapterError) {
    guard extents.outputs != layer.outputs || extents.columns != layer.downWidth else { return }
    throw AdapterError(
      file: model,
      reason: .noPlace(
        .shape(own: extents.shape, theirs: layer.extents.shape), modules: [terms[0].module.name],
        adapter: combination.inputs[terms[0].input].adapter.file.path, canSkip: false))
  }
}

extension AdaptableLayer {
  /// The layer's weight as Adapters describes it.
  var extents: Module.Extents {
    let kernel =
      switch kind {
      case .linear: [Int]()
      case .pointwise: [1, 1]
      case .convolution: [3, 3]
      }
    return Module.Extents(outputs: outputs, inputs: inputs, kernel: kernel)
  }
}
