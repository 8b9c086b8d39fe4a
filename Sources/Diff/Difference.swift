import Adapters
import Files
import LinearAlgebra
import Safetensors
import Tensors

/// B − A as an adapter: exact, or the best of a rank.
struct Difference {
  let combination: Combination
  let naming: Naming
  let type: ElementType
  let choice: RankChoice?
  let threads: Int

  /// What the result says of itself.
  let metadata: ResultMetadata

  /// Writes the difference.
  func write(to output: OutputFile, onModule: @Sendable () -> Void) throws -> Written {
    let layers = combination.layers.filter { !$0.isZero }
    let reductions = try choice.map { try reduced(layers, by: $0, onModule) }
    let modules = layers.indices.map { index -> ResultModule in
      let whole = layers[index].concatenated
      guard let reduction = reductions?[index] else { return whole }
      return whole.with(form: reduction.form)
    }
    let model = combination.inputs.map(\.adapter.baseModel).first { $0 != .unknown } ?? .unknown
    let writer = AdapterWriter(naming: naming, model: model, type: type, threads: threads)
    let said = metadata.metadata(naming: naming, forms: modules.map(\.form))
    return try writer.write(modules, metadata: said, to: output) { index in
      if let reduction = reductions?[index] { return reduction.weights }
      defer {
        layers[index].release(in: combination.inputs)
        onModule()
      }
      return try layers[index].concatenation(in: combination.inputs)
    }
  }

  /// The reduced layers; `nil` for those that are whole differences.
  private func reduced(
    _ layers: [Combination.Layer], by choice: RankChoice, _ onModule: @Sendable () -> Void
  ) throws -> [Reduction?] {
    try parallelMap(count: layers.count, threads: threads) { index in
      let layer = layers[index]
      if layer.isDense { return nil }
      defer {
        layer.release(in: combination.inputs)
        onModule()
      }
      return try Reduction(
        of: layer.sum(in: combination.inputs), choice,
        hasWideKernel: layer.extents.hasWideKernel, bias: layer.bias(in: combination.inputs))
    }
  }
}
