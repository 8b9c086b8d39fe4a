/// The family of models that an adapter fits.
package enum BaseModel: String, CaseIterable, Sendable {
  case sd1
  case sd2
  case sdxl
  case refiner = "sdxl-refiner"
  case kolors
  case cascade
  case sd3
  case flux1
  case chroma
  case flux2
  case hunyuanVideo = "hunyuan-video"
  case hunyuanVideo15 = "hunyuan-video-1.5"
  case hunyuanImage = "hunyuan-image"
  case wan
  case qwenImage = "qwen-image"
  case zImage = "z-image"
  case lumina2
  case ltx
  case anima
  case cosmos
  case hidream
  case krea2
  case pixart
  case auraflow
  case languageModel = "llm"
  case unknown
}

extension BaseModel {
  /// Whether the denoiser is one of Stable Diffusion's U-Nets; an unknown model counts as one.
  package var isUNet: Bool {
    switch self {
    case .sd1, .sd2, .sdxl, .refiner, .kolors, .unknown: true
    default: false
    }
  }

  /// The U-Net layout of the published models.
  package var unetLayout: UNetNames.Layout {
    let blocks: Set<Int> =
      switch self {
      case .sdxl, .kolors: [0, 1]
      case .refiner: [1, 2]
      default: [1, 2, 3]
      }
    return UNetNames.Layout(resnetsPerBlock: 2, attentionUpBlocks: blocks)
  }

  /// Whether sd-scripts flattens the U-Net's original names; otherwise it flattens diffusers'.
  package var hasOriginalUNetNames: Bool { [.sdxl, .refiner, .kolors].contains(self) }
}

extension BaseModel {
  /// The name and the extents of a layer, by which its model is recognised.
  package struct Layer: Sendable {
    package let target: Target
    package let outputs: Int
    package let inputs: Int

    package init(target: Target, outputs: Int, inputs: Int) {
      self.target = target
      self.outputs = outputs
      self.inputs = inputs
    }
  }

  /// Recognises the model by names and shapes alone, because metadata of real files are wrong too
  /// often.
  package init(recognising layers: [Layer]) {
    let denoiser = layers.filter { $0.target.network == .denoiser }
    let model =
      denoiser.isEmpty
      ? Self.textEncoders(layers) : Self.unet(denoiser, all: layers) ?? Self.transformer(denoiser)
    self = model ?? .unknown
  }

  /// Tells Stable Diffusion 1, 2 and XL apart by the width of the text that attention reads.
  private static func unet(_ layers: [Layer], all: [Layer]) -> BaseModel? {
    let unet = layers.filter { isOfUNet($0.target.key) }
    guard !unet.isEmpty else { return nil }
    for layer in unet
    where layer.target.key.hasSuffix("_attn2_to_k") || layer.target.key.hasSuffix("_attn2_to_v") {
      switch layer.inputs {
      case 768: return .sd1
      case 1024: return .sd2
      case 1280: return .refiner
      case 2048: return isKolors(layers) ? .kolors : .sdxl
      default: break
      }
    }
    let keys = unet.map(\.target.key)
    let isDeep = keys.contains { key in
      key.hasPrefix("up_blocks_0_attentions_") || contains("_transformer_blocks_1_", in: key)
    }
    if isDeep || all.contains(where: { $0.target.network == .textEncoder(2) }) { return .sdxl }
    if all.contains(where: { $0.target.network == .textEncoder(1) && $0.inputs == 1024 }) {
      return .sd2
    }
    let hasShallowAttention = keys.contains { key in
      key.hasPrefix("down_blocks_0_attentions_") || key.hasPrefix("up_blocks_3_")
    }
    return hasShallowAttention ? .sd1 : nil
  }

  /// Whether the U-Net is Kolors', which is SDXL's with wider text embeddings.
  private static func isKolors(_ layers: [Layer]) -> Bool {
    layers.contains { $0.target.key == "add_embedding_linear_1" && $0.inputs == 5632 }
  }

  /// Whether a name is a U-Net's; Stable Cascade numbers its blocks in the same way, with other
  /// layers.
  package static func isOfUNet(_ key: String) -> Bool {
    guard key.hasPrefix("down_blocks_") || key.hasPrefix("up_blocks_") || key.hasPrefix("mid_block")
    else { return false }
    return ["_attentions_", "_resnets_", "samplers_"].contains { Names.contains($0, in: key) }
  }

  private static func textEncoders(_ layers: [Layer]) -> BaseModel? {
    if layers.contains(where: { $0.target.network == .textEncoder(3) }) { return nil }
    if layers.contains(where: { $0.target.network == .textEncoder(2) }) { return .sdxl }
    for layer in layers where layer.target.key.hasSuffix("_q_proj") {
      if layer.inputs == 768 { return .sd1 }
      if layer.inputs == 1024 { return .sd2 }
      if layer.inputs == 1280 { return .refiner }
    }
    return nil
  }
}
