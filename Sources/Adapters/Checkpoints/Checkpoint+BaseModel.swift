package import Names
import QuantizedWeights
import Safetensors
import Tensors

extension Checkpoint {
  /// The model's family, by the names and shapes of its weights.
  package var baseModel: BaseModel {
    let layers = parts.flatMap { part in
      part.file.header.entries.compactMap { entry -> BaseModel.Layer? in
        let name = entry.name.string
        let shape = part.quantized.weights[entry.name]?.shape ?? entry.shape
        guard name.hasSuffix(".weight"), shape.rank >= 2 else { return nil }
        let path = String(name.dropLast(7))
        let prefix = part.component.hasPrefix("text_encoder") ? part.component + "." : ""
        guard let target = Checkpoint.target(of: prefix + path) else { return nil }
        return BaseModel.Layer(
          target: target, outputs: shape.extents[0], inputs: shape.extents[1])
      }
    }
    return BaseModel(recognising: layers)
  }

  /// The layer that a checkpoint's weight is of; `nil` for a VAE's and what no adapter changes.
  package static func target(of path: String) -> Target? {
    let others = [CheckpointNames.vae, "model_ema.", "vae.", "encoder.down", "decoder.up"]
    if others.contains(where: path.hasPrefix) { return nil }
    guard let encoder = CheckpointNames.encoders.first(where: { path.hasPrefix($0.prefix) }) else {
      return Target.parse(path).target
    }
    return Target.parse(encoder.component + path.dropFirst(encoder.prefix.count)).target
  }
}
