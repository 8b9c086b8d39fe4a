import Names
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
    guard let input = names["\(CheckpointNames.unet)input_blocks.0.0.weight"] else {
      throw DiffusionError(file: path, reason: Self.complaint(about: file))
    }
    let channels = input.shape.rank == 4 ? input.shape.extents[1] : 0
    guard channels == 4 else {
      throw DiffusionError(file: path, reason: .inpainting(channels: channels))
    }
    if names["\(CheckpointNames.unet)label_emb.0.0.weight"] != nil {
      kind = .sdxl
    } else if names["\(Self.encoders(1, isOpenCLIP: true)[0])ln_final.weight"] != nil {
      kind = .sd2
    } else {
      let key = "input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight"
      let context = names[CheckpointNames.unet + key]?.shape.extents.last
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
    let layout = kind.baseModel.unetLayout
    let weights = Weights(path: path, part: "U-Net", files: [file]) {
      [TensorLocation(CheckpointNames.unet + UNetNames.originalPath(diffusers: $0, in: layout))]
    }
    return (weights, nil)
  }

  func vae() throws -> (Weights, VAEFile?) { (try VAE.weights(in: file), nil) }

  func textEncoder(_ index: Int) throws -> (Weights, TextEncoderFile?) {
    let isOpenCLIP = index == 1 || kind == .sd2
    let prefix = Self.encoders(index + 1, isOpenCLIP: isOpenCLIP).first { prefix in
      file.header.entries.contains { $0.name.string.hasPrefix(prefix) }
    }
    guard let prefix else {
      throw DiffusionError(file: path, reason: .missingPart("text encoder"))
    }
    let weights = Weights(path: path, part: "text encoder", files: [file]) {
      isOpenCLIP
        ? [OpenCLIPNames.location(transformers: $0).prefixed(by: prefix)]
        : CheckpointNames.clipLocations(of: $0, prefix: prefix)
    }
    return (weights, nil)
  }

  /// The prefixes that the tensors of an encoder may have.
  private static func encoders(_ number: Int, isOpenCLIP: Bool) -> [String] {
    CheckpointNames.encoders.filter { $0.number == number && $0.isOpenCLIP == isOpenCLIP }
      .map(\.prefix)
  }
}
