// Which diffusion transformer or language model an adapter is for.
//
// Names alone do not tell: Flux.1, Flux.2 and HunyuanVideo share those of their blocks, as do
// Flux.1, SD3 and Qwen-Image in diffusers' words. The hidden width and the highest numbers of the
// blocks decide.

/// What the layers of one network tell, gathered once: each kind of layer is asked for many times.
private struct Evidence {
  let layers: [BaseModel.Layer]

  /// Each layer's key with `#` for every number, once: a few dozen of a thousand layers.
  private let patterns: Set<String>

  /// The highest number behind the words before a key's first number: `double_blocks` → 18.
  private let highest: [String: Int]

  init(_ layers: [BaseModel.Layer]) {
    var patterns: Set<String> = []
    var highest: [String: Int] = [:]
    for layer in layers {
      let pieces = layer.target.key.split(separator: "_")
      patterns.insert(pieces.map { Int($0) == nil ? $0 : "#" }.joined(separator: "_"))
      if let index = pieces.firstIndex(where: { Int($0) != nil }), let number = Int(pieces[index]) {
        highest[pieces[..<index].joined(separator: "_"), default: 0].grow(to: number)
      }
    }
    self.layers = layers
    self.patterns = patterns
    self.highest = highest
  }

  func has(_ markers: String...) -> Bool {
    patterns.contains { pattern in markers.contains { contains($0, in: pattern) } }
  }

  func begins(_ prefixes: String...) -> Bool {
    patterns.contains { pattern in prefixes.contains { pattern.hasPrefix($0) } }
  }

  func last(_ kind: String) -> Int { highest[kind] ?? -1 }

  /// The inputs of the first layer whose key ends so: the hidden width, where the ends are well
  /// chosen.
  func inputs(_ ends: String...) -> Int? {
    layers.first { layer in ends.contains { layer.target.key.hasSuffix($0) } }?.inputs
  }
}

extension Int {
  fileprivate mutating func grow(to other: Int) { self = Swift.max(self, other) }
}

extension BaseModel {
  /// A diffusion transformer's or a language model's family; `nil` where it is neither.
  static func transformer(_ layers: [Layer]) -> BaseModel? {
    // A component's name has been taken off: what is left is a language model's own, and MPT's
    // `transformer.blocks` must not be taken for `transformer_blocks`.
    if layers.contains(where: { $0.target.path?.hasPrefix("transformer.") ?? false }) {
      return .languageModel
    }
    let evidence = Evidence(layers)
    if evidence.begins("joint_blocks_#") { return .sd3 }
    if evidence.begins("double_blocks_#", "single_blocks_#")
      || evidence.has("stream_modulation")
    {
      return original(evidence)
    }
    if evidence.begins("transformer_blocks_#", "single_transformer_blocks_#") {
      return diffusers(evidence)
    }
    if evidence.begins("blocks_#", "vace_blocks_#", "llm_adapter_") {
      if let model = plainBlocks(evidence) { return model }
    }
    if evidence.begins("layers_#", "noise_refiner_#", "context_refiner_#") {
      if let model = refined(evidence) { return model }
    }
    let isLanguage = layers.contains { BaseModel.isLanguageModel($0.target.path ?? "") }
    return isLanguage || evidence.begins("model_layers_#") ? .languageModel : nil
  }

  /// Black Forest Labs' names, which HunyuanVideo has too.
  private static func original(_ evidence: Evidence) -> BaseModel? {
    let hidden = evidence.inputs(
      "_qkv", "_linear1", "_mlp_0", "_mlp_fc1", "_lin", "_mod_linear", "_modulation_linear")
    let isGated = evidence.layers.contains { layer in
      let key = layer.target.key
      return key.hasSuffix("_mlp_0") && layer.outputs == 6 * layer.inputs
        || key.hasSuffix("_linear1") && layer.outputs == 9 * layer.inputs
    }
    if isGated || evidence.has("stream_modulation") || hidden == 4096 || hidden == 6144
      || evidence.last("single_blocks") > 39
    {
      return .flux2
    }
    if hidden == 2048 || hidden == 3584 { return nil }  // HunyuanVideo 1.5, HunyuanImage
    let isHunyuan =
      evidence.has("individual_token_refiner", "_mlp_fc", "_mod_linear", "_modulation_linear")
      || evidence.last("double_blocks") == 19 || evidence.last("single_blocks") > 37
    return isHunyuan ? .hunyuanVideo : .flux1
  }

  /// diffusers' names: Flux, HunyuanVideo, SD3, Qwen-Image and LTX all have `transformer_blocks`.
  private static func diffusers(_ evidence: Evidence) -> BaseModel? {
    if evidence.has("_img_mlp_", "_txt_mlp_", "_img_mod_", "_txt_mod_") { return .qwenImage }
    let hidden = evidence.inputs(
      "_to_q", "_to_k", "_to_v", "_add_q_proj", "_add_k_proj", "_add_v_proj", "_to_qkv_mlp_proj",
      "_proj_mlp", "_ff_net_0_proj", "_ff_context_net_0_proj", "_linear_in", "_norm_linear",
      "_norm1_linear", "_norm1_context_linear", "_to_out_0", "_to_add_out")
    let hasSingle = evidence.begins("single_transformer_blocks_#")
    if evidence.has("_to_qkv_mlp_proj", "_ff_linear_in", "_ff_context_linear_in") { return .flux2 }
    if hasSingle { return streams(evidence, hidden: hidden) }
    if evidence.has("_attn1_to_") || evidence.has("_audio_attn1_") {
      let hasText = evidence.has("_attn2_to_", "_audio_")
      if hidden == 2048 || hidden == 4096 && hasText { return .ltx }
      return nil  // CogVideoX, Mochi, PixArt, Sana and others
    }
    switch hidden {
    case 1536, 2432: return .sd3
    case 4096, 6144:  // Krea 2 has 28 blocks of 6144, Flux.2 at most 8 of two streams
      return evidence.last("transformer_blocks") < 10 && !evidence.has("text_fusion") ? .flux2 : nil
    case 3072, nil: break
    default: return nil
    }
    if evidence.last("transformer_blocks") > 18 { return .qwenImage }
    return evidence.has("_attn_", "_ff_", "_norm1_") ? .flux1 : nil
  }

  /// Transformers of two streams that join: Flux has 19 and 38 blocks, HunyuanVideo 20 and 40.
  private static func streams(_ evidence: Evidence, hidden: Int?) -> BaseModel? {
    let isHunyuan =
      evidence.last("transformer_blocks") == 19 || evidence.last("single_transformer_blocks") > 37
      || evidence.has("token_refiner")
    switch hidden {
    case 3072, nil: return isHunyuan ? .hunyuanVideo : .flux1
    case 4096, 6144: return .flux2
    // proj_out alone: hidden and the mlp's four times that.
    case .some(let width): return width == 5 * 3072 ? .flux1 : nil
    }
  }

  private static func plainBlocks(_ evidence: Evidence) -> BaseModel? {
    if evidence.has("adaln_modulation", "_attn_q_proj", "_attn_k_proj", "_mlp_layer", "llm_adapter")
    {
      let hidden = evidence.inputs("_self_attn_q_proj", "_cross_attn_q_proj", "_mlp_layer1")
      return hidden == 5120 ? nil : .anima  // 5120: Cosmos
    }
    if evidence.has("_self_attn_", "_cross_attn_", "_ffn_") { return .wan }
    let widths: [Int?] = [1536, 3072, 5120]
    let isAttention = evidence.has("_attn1_to_", "_attn2_to_", "_attn2_add_k_proj")
    return isAttention && widths.contains(evidence.inputs("_attn1_to_q", "_attn2_to_q", "_to_k"))
      ? .wan : nil
  }

  private static func refined(_ evidence: Evidence) -> BaseModel? {
    guard evidence.has("_attention_", "_feed_forward_", "_attn_to_", "_adaLN_modulation") else {
      return nil
    }
    for layer in evidence.layers {
      let extents = [layer.inputs, layer.outputs]
      if extents.contains(2304) { return .lumina2 }
      if extents.contains(3840) { return .zImage }
    }
    return nil
  }
}

extension BaseModel {
  /// Whether a path is one of a language model or an encoder of text.
  package static func isLanguageModel(_ path: String) -> Bool {
    let name = "." + path
    let markers = [
      ".model.layers.", ".transformer.h.", ".transformer.layer.", ".transformer.encoder.layers.",
      ".transformer.blocks.", ".encoder.layer.", ".decoder.layers.", ".decoder.block.",
      ".encoder.block.", ".model.encoder.layers.", ".encoder.albert_layer_groups.",
      ".gpt_neox.layers.", ".language_model.", ".backbone.layers.", ".h.", ".lm_head",
    ]
    return markers.contains { contains($0, in: name) }
  }
}
