/// The family of models that an adapter fits.
package enum BaseModel: String, CaseIterable, Sendable {
  case sd1
  case sd2
  case sdxl
  case sd3
  case flux1
  case flux2
  case hunyuanVideo = "hunyuan-video"
  case wan
  case qwenImage = "qwen-image"
  case zImage = "z-image"
  case lumina2
  case ltx
  case anima
  case languageModel = "llm"
  case unknown
}

extension BaseModel {
  /// What one layer tells about its model: where it is and how wide.
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

  /// Tells the model by names and shapes alone: metadata of real files are wrong too often.
  package init(recognising layers: [Layer]) {
    let denoiser = layers.filter { $0.target.network == .denoiser }
    self =
      Self.unet(denoiser, all: layers) ?? Self.transformer(denoiser) ?? Self.textEncoders(layers)
      ?? .unknown
  }

  /// Stable Diffusion 1, 2, XL: told apart by the width of the text that attention reads.
  private static func unet(_ layers: [Layer], all: [Layer]) -> BaseModel? {
    let sides = ["down_blocks_", "up_blocks_", "mid_block_"]
    let unet = layers.filter { layer in sides.contains { layer.target.key.hasPrefix($0) } }
    guard !unet.isEmpty else { return nil }
    for layer in unet
    where layer.target.key.hasSuffix("_attn2_to_k") || layer.target.key.hasSuffix("_attn2_to_v") {
      switch layer.inputs {
      case 768: return .sd1
      case 1024: return .sd2
      case 2048: return .sdxl
      default: break
      }
    }
    let keys = unet.map(\.target.key)
    let isDeep = keys.contains { key in
      key.hasPrefix("up_blocks_0_attentions_") || key.contains("_transformer_blocks_1_")
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

  private static func textEncoders(_ layers: [Layer]) -> BaseModel? {
    let encoders = layers.filter { $0.target.network != .denoiser }
    if encoders.contains(where: { $0.target.network == .textEncoder(2) }) { return .sdxl }
    for layer in encoders where layer.target.key.hasSuffix("_q_proj") {
      if layer.inputs == 768 { return .sd1 }
      if layer.inputs == 1024 { return .sd2 }
    }
    return nil
  }
}

// MARK: - Transformers

extension BaseModel {
  private static func transformer(_ layers: [Layer]) -> BaseModel? {
    func has(_ marker: String) -> Bool { layers.contains { $0.target.key.contains(marker) } }
    func begins(_ prefix: String) -> Bool { layers.contains { $0.target.key.hasPrefix(prefix) } }

    if has("joint_blocks_") { return .sd3 }
    if begins("double_blocks_") || begins("single_blocks_") || has("stream_modulation") {
      return bfl(layers, has)
    }
    if begins("transformer_blocks_") || begins("single_transformer_blocks_") {
      return diffusersTransformer(layers, has)
    }
    if begins("blocks_") {
      if has("adaln_modulation") || has("_attn_q_proj") || has("_attn_k_proj") || has("_mlp_layer")
      {
        return .anima
      }
      if has("_self_attn_") || has("_cross_attn_") || has("_ffn_") { return .wan }
    }
    if begins("layers_") || begins("noise_refiner_") || begins("context_refiner_") {
      let isAttention = has("attention_") || has("feed_forward_")
      let isLumina = layers.contains { $0.inputs == 2304 }
      if isAttention { return isLumina ? .lumina2 : .zImage }
    }
    let isLanguage = layers.contains { Naming.isLanguageModel($0.target.path ?? "") }
    return isLanguage || begins("model_layers_") ? .languageModel : nil
  }

  /// Flux and HunyuanVideo share the names of Black Forest Labs' blocks.
  private static func bfl(_ layers: [Layer], _ has: (String) -> Bool) -> BaseModel {
    let isHunyuan =
      has("individual_token_refiner") || has("img_mlp_fc") || has("txt_mlp_fc")
      || has("mod_linear") || has("modulation_linear") || has("double_blocks_19_")
    if isHunyuan && !has("double_blocks_20_") { return .hunyuanVideo }
    let gatedRows: Set = [18432, 24576, 36864]
    let isSecond =
      has("stream_modulation") || has("single_blocks_38_")
      || layers.contains { layer in
        layer.target.key.hasSuffix("_mlp_0") && gatedRows.contains(layer.outputs)
          || layer.target.key.hasSuffix("_qkv") && layer.outputs > 9216
      }
    return isSecond ? .flux2 : .flux1
  }

  private static func diffusersTransformer(
    _ layers: [Layer], _ has: (String) -> Bool
  ) -> BaseModel? {
    if has("img_mlp_") || has("txt_mlp_") || has("img_mod_") || has("txt_mod_") {
      return .qwenImage
    }
    if has("single_transformer_blocks_") {
      let isSecond = has("attn_to_qkv_mlp_proj") || has("single_transformer_blocks_38_")
      return isSecond ? .flux2 : .flux1
    }
    if has("attn1_to_") || has("attn2_to_") { return .ltx }
    let hidden = layers.first { $0.target.key.hasSuffix("_to_q") }?.inputs
    if let hidden, hidden == 1536 || hidden == 2432 { return .sd3 }
    if has("transformer_blocks_19_") { return .qwenImage }
    return has("_attn_") || has("_ff_") ? .flux1 : nil
  }
}
