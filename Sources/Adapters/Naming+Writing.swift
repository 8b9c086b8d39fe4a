package import Names

extension Naming {
  /// Whether a module's scale is stored beside its factors; else it is multiplied into up.
  package var storesAlpha: Bool { self == .kohya || self == .onetrainer }

  /// Whether whole differences and those of norms have a name.
  package var holdsDifferences: Bool { [.kohya, .comfy, .onetrainer, .bflControl].contains(self) }

  /// Whether the factors of a table that is looked up in can be told from a layer's: by their own
  /// spelling, else by the table's name.
  package func holdsTable(_ target: Target) -> Bool {
    self == .peft || self == .mlx && target.isTokenTable
  }

  /// Whether a difference of the bias has a name beside a module of some form.
  package func holdsBiases(form: ResultModule.Form) -> Bool {
    switch self {
    case .kohya, .comfy, .onetrainer, .bflControl: return true
    case .peft, .diffusers: return form.rank > 0
    case .attentionProcessors, .mlx, .cloneofsimo, .loralib, .xlabs: return false
    }
  }

  /// How files under a naming divide Flux's layers; `nil` where they may do either.
  package var fluxDivision: FluxNames.Division? {
    switch self {
    case .kohya, .comfy, .xlabs, .bflControl: .fused
    case .diffusers, .peft, .onetrainer: .split
    case .attentionProcessors, .mlx, .cloneofsimo, .loralib: nil
    }
  }

  /// The suffixes of a module's tensors.
  func suffix(_ part: Part, _ kind: Module.Kind) -> String {
    switch (part, self) {
    case (.up, .peft) where kind == .embedding: ".lora_embedding_B"
    case (.down, .peft) where kind == .embedding: ".lora_embedding_A"
    case (.up, .kohya), (.up, .onetrainer): ".lora_up.weight"
    case (.down, .kohya), (.down, .onetrainer): ".lora_down.weight"
    case (.up, .mlx): ".lora_b"
    case (.down, .mlx): ".lora_a"
    case (.up, .loralib): ".lora_B"
    case (.down, .loralib): ".lora_A"
    case (.up, .attentionProcessors): "_lora.up.weight"
    case (.down, .attentionProcessors): "_lora.down.weight"
    case (.up, .xlabs): ".up.weight"
    case (.down, .xlabs): ".down.weight"
    case (.up, _): ".lora_B.weight"
    case (.down, _): ".lora_A.weight"
    case (.weightDifference, _): ".diff"
    case (.biasDifference, .peft), (.biasDifference, .bflControl), (.biasDifference, .diffusers):
      ".lora_B.bias"
    case (.biasDifference, _): ".diff_b"
    case (.normWeightDifference, _): ".w_norm"
    case (.normBiasDifference, _): ".b_norm"
    default: ".alpha"
    }
  }

  /// The name of a layer's module, without the parts' suffixes; `nil` where the naming has none.
  package func moduleName(for target: Target, in model: BaseModel) -> String? {
    switch self {
    case .kohya: target.kohyaName(in: model)
    case .onetrainer:
      target.network == .denoiser && !model.isUNet
        ? "lora_transformer_" + target.key : target.kohyaName(in: model)
    case .diffusers: diffusersName(for: target, in: model)
    case .comfy: comfyName(for: target, in: model)
    case .peft: target.network == .denoiser ? target.path.map { "base_model.model." + $0 } : nil
    case .mlx, .loralib: target.network == .denoiser ? target.path : nil
    case .attentionProcessors: attentionProcessorName(for: target)
    case .cloneofsimo, .xlabs, .bflControl: nil
    }
  }

  private func diffusersName(for target: Target, in model: BaseModel) -> String? {
    guard let path = target.path else { return nil }
    switch target.network {
    case .denoiser: return (model.isUNet ? "unet." : "transformer.") + path
    case .textEncoder(1): return "text_encoder." + path
    case .textEncoder(let number):
      let isSecond = number == 3 && model == .flux1
      return "text_encoder_\(isSecond ? 2 : number)." + path
    }
  }

  /// ComfyUI names layers as the model's own code does: a U-Net's by the original names.
  private func comfyName(for target: Target, in model: BaseModel) -> String? {
    switch target.network {
    case .denoiser:
      let original = UNetNames.originalKey(diffusers: target.key, in: model.unetLayout)
      let path = model.isUNet ? original.flatMap(DottedPath.path) : target.path
      return path.map { "diffusion_model." + $0 }
    case .textEncoder(let number):
      let encoder = ["clip_l", "clip_g", "t5xxl"][min(number, 3) - 1]
      return target.path.map { "text_encoders.\(encoder).transformer." + $0 }
    }
  }

  /// The oldest form holds the four products of attention only.
  private func attentionProcessorName(for target: Target) -> String? {
    guard target.network == .denoiser, let path = target.path else { return nil }
    for layer in ["to_q", "to_k", "to_v", "to_out.0"] where path.hasSuffix(".\(layer)") {
      let block = path.dropLast(layer.utf8.count + 1)
      guard block.hasSuffix(".attn1") || block.hasSuffix(".attn2") else { return nil }
      return "unet.\(block).processor.\(layer == "to_out.0" ? "to_out" : layer)"
    }
    return nil
  }
}
