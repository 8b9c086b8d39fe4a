import Safetensors
import Tensors

/// A checkpoint in one file, under the names of the original implementation.
struct ModelFile: ModelLayout {
  let path: String
  let kind: PretrainedModel.Kind
  private let file: SafetensorsFile

  init(_ path: String) throws {
    self.path = path
    file = try SafetensorsFile(path: path)
    let names = file.header
    guard let input = names["\(CheckpointKeys.unetPrefix)input_blocks.0.0.weight"] else {
      throw DiffusionError(file: path, reason: Self.complaint(about: file))
    }
    let channels = input.shape.rank == 4 ? input.shape.extents[1] : 0
    guard channels == 4 else {
      throw DiffusionError(file: path, reason: .inpainting(channels: channels))
    }
    if names["\(CheckpointKeys.unetPrefix)label_emb.0.0.weight"] != nil {
      kind = .sdxl
    } else if names["\(CheckpointKeys.openCLIPPrefixes[0])ln_final.weight"] != nil {
      kind = .sd2
    } else {
      let key = "input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight"
      let context = names[CheckpointKeys.unetPrefix + key]?.shape.extents.last
      kind = context == 1024 ? .sd2 : .sd1
    }
  }

  private static func complaint(about file: SafetensorsFile) -> DiffusionError.Reason {
    let looksLikeAdapter = file.header.entries.contains {
      let name = $0.name.string
      return name.contains("lora_") || name.contains(".lora.") || name.contains("hada_")
    }
    return looksLikeAdapter ? .onlyAdapter : .notADiffusionModel
  }

  func unet() throws -> (Weights, UNetFile?) {
    let names = OriginalUNetNames(
      resnetsPerBlock: 2,
      upBlocksHaveAttention: kind == .sdxl ? [true, true, false] : [false, true, true, true])
    let weights = Weights(path: path, part: "U-Net", files: [file]) {
      [TensorLocation(CheckpointKeys.unetPrefix + names.name($0))]
    }
    return (weights, nil)
  }

  func vae() throws -> (Weights, VAEFile?) { (try VAE.weights(in: file), nil) }

  func textEncoder(_ index: Int) throws -> (Weights, TextEncoderFile?) {
    let isOpenCLIP = index == 1 || kind == .sd2
    let prefixes = isOpenCLIP ? CheckpointKeys.openCLIPPrefixes : CheckpointKeys.clipPrefixes
    let prefix = prefixes.first { prefix in
      file.header.entries.contains { $0.name.string.hasPrefix(prefix) }
    }
    guard let prefix else {
      throw DiffusionError(file: path, reason: .missingPart("text encoder"))
    }
    let weights = Weights(path: path, part: "text encoder", files: [file]) {
      isOpenCLIP
        ? CheckpointKeys.openCLIP($0, prefix: prefix) : CheckpointKeys.clip($0, prefix: prefix)
    }
    return (weights, nil)
  }
}
