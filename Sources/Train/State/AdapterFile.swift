import Adapters
import Diffusion
import Files
import Safetensors
import Tensors

/// An adapter on disk.
struct SavedAdapter: Hashable {
  let file: String

  /// Before any compression.
  let byteCount: Int

  /// sd-scripts' `sshs_model_hash`.
  let modelHash: String
}

/// Writes adapters as sd-scripts writes them: `NAME.alpha`, `NAME.lora_down.weight`,
/// `NAME.lora_up.weight`, with hashes in the metadata.
struct AdapterFile {
  let modules: AdaptedModules

  /// The flat weights.
  let values: [Float]
  let type: ElementType

  /// - Parameter entries: The metadata, without hashes.
  @discardableResult
  func write(
    to path: String, metadata entries: [(key: String, value: String)]
  ) throws -> SavedAdapter {
    let layout = Layout(modules.modules.flatMap(tensors))
    var metadata = Metadata()
    for (key, value) in entries { metadata[key] = value }
    metadata = metadata.withRoomForHashes
    let writer = try SafetensorsWriter(layout, metadata: metadata, to: OutputFile(path: path))
    for module in modules.modules { try write(module, by: writer) }
    let (byteCount, hash) = try writer.finish(hashing: metadata)
    return SavedAdapter(file: path, byteCount: byteCount, modelHash: hash)
  }

  private func tensors(_ module: AdaptedModules.Module) -> [Layout.Tensor] {
    [
      Layout.Tensor(name: module.name + ".alpha", type: type, shape: []),
      Layout.Tensor(name: module.name + ".lora_down.weight", type: type, shape: module.downShape),
      Layout.Tensor(name: module.name + ".lora_up.weight", type: type, shape: module.upShape),
    ]
  }

  private func write(_ module: AdaptedModules.Module, by writer: SafetensorsWriter) throws {
    let down = modules.fileValues(of: module, down: true, in: values)
    let up = modules.fileValues(of: module, down: false, in: values)
    for (suffix, numbers) in [
      (".alpha", [module.alpha]), (".lora_down.weight", down), (".lora_up.weight", up),
    ] {
      let bytes = encoded(numbers.map(Double.init), as: type)
      try unsafe writer.write(bytes.span.bytes, to: module.name + suffix)
    }
  }
}

extension SavePrecision {
  var elementType: ElementType {
    switch self {
    case .float: .float32
    case .fp16: .float16
    case .bf16: .bfloat16
    }
  }
}
