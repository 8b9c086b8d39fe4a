import Safetensors
import Tensors

extension Checkpoint {
  /// The model's family, by the names and shapes of its weights.
  package var baseModel: BaseModel {
    let layers = parts.flatMap { part in
      part.file.header.entries.compactMap { entry -> BaseModel.Layer? in
        let name = entry.name.string
        guard name.hasSuffix(".weight"), entry.shape.rank >= 2 else { return nil }
        let path = String(name.dropLast(7))
        let prefix = part.component.hasPrefix("text_encoder") ? part.component + "." : ""
        guard let target = Checkpoint.target(of: prefix + path) else { return nil }
        return BaseModel.Layer(
          target: target, outputs: entry.shape.extents[0], inputs: entry.shape.extents[1])
      }
    }
    return BaseModel(recognising: layers)
  }

  /// The layer that a checkpoint's weight is of; `nil` for a VAE's and what no adapter changes.
  package static func target(of path: String) -> Target? {
    let others = ["first_stage_model.", "model_ema.", "vae.", "encoder.down", "decoder.up"]
    if others.contains(where: path.hasPrefix) { return nil }
    let encoders: [(prefix: String, name: String)] = [
      ("cond_stage_model.transformer.", "text_encoder."),
      ("conditioner.embedders.0.transformer.", "text_encoder."),
      ("cond_stage_model.model.", "text_encoder."),
      ("conditioner.embedders.1.model.", "text_encoder_2."),
    ]
    for (prefix, name) in encoders where path.hasPrefix(prefix) {
      return Target.parse(name + path.dropFirst(prefix.count)).target
    }
    return Target.parse(path).target
  }
}
