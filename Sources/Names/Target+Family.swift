// A layer as one family has it: its dots, and which of the family's encoders it is in.

extension Target {
  /// The target as the model's tables tell it: a flattened name with its dots, an encoder by its
  /// number in the family, and a language model's layer without what wraps the model.
  package func resolved(in model: BaseModel) -> Target {
    guard let family = Family.of(model) else { return self }
    if network == .denoiser {
      guard path == nil || !isPathOfFile, let path = family.path(ofFlattened: key) else {
        return self
      }
      return Target(network: network, key: key, path: path)
    }
    guard let encoder = family.encoder(like: self) else { return self }
    let name = path ?? key
    let root =
      encoder.kind == .languageModel ? Self.languageModelRoots.first { name.hasPrefix($0) } : nil
    let inner = String(name.dropFirst(root?.utf8.count ?? 0))
    return Target(
      network: .textEncoder(encoder.number), key: flattened(inner), path: path == nil ? nil : inner)
  }

  /// What stands before the layers of a language model in one program or another.
  private static let languageModelRoots = [
    "model.language_model.", "language_model.model.", "model.", "model_language_model_", "model_",
  ]

  /// Whether the path is the file's own, dots and all, and not told from the key.
  private var isPathOfFile: Bool { path != DottedPath.path(of: key) }
}

extension Family {
  /// The encoder that a layer is in: the one of its kind, or of several the one of its number.
  func encoder(like target: Target) -> FamilyEncoder? {
    guard case .textEncoder(let number) = target.network else { return nil }
    let kind: FamilyEncoder.Kind =
      if target.key.hasPrefix("text_model_") || target.key.hasPrefix("text_projection") {
        .clip
      } else {
        target.key.hasPrefix("encoder_") || target.key == "shared" ? .t5 : .languageModel
      }
    let fitting = encoders.filter { $0.kind == kind }
    return fitting.count == 1 ? fitting[0] : fitting.first { $0.number == number }
  }

  /// The encoder that a layer is in by its number.
  func encoder(of target: Target) -> FamilyEncoder? {
    encoder(like: target).flatMap { target.network == .textEncoder($0.number) ? $0 : nil }
  }
}

// MARK: - Names

extension Target {
  /// What ComfyUI calls the layer: the authors' name of a denoiser's.
  package func comfyName(in model: BaseModel) -> String? {
    guard case .textEncoder(let number) = network else {
      return originalPath(in: model).map { "diffusion_model." + $0 }
    }
    guard let path else { return nil }
    if let family = Family.of(model) {
      return family.encoder(of: self).map {
        "text_encoders.\($0.comfy).transformer.\($0.comfyRoot)\(path)"
      }
    }
    let names = [1: "clip_l", 2: "clip_g", 3: "t5xxl"]
    return names[number].map { "text_encoders.\($0).transformer.\(path)" }
  }

  /// The layer's path in the words of the model's authors.
  package func originalPath(in model: BaseModel) -> String? {
    if !model.isUNet { return path }
    let original = UNetNames.originalKey(diffusers: key, in: model.unetLayout)
    return original.flatMap(DottedPath.path) ?? (model == .unknown ? path : nil)
  }

  /// What diffusers calls the layer, behind its pipeline's component.
  package func diffusersName(in model: BaseModel) -> String? {
    guard let path else { return nil }
    guard case .textEncoder(let number) = network else {
      guard let family = Family.of(model) else { return "unet." + path }
      let first = path.prefix { $0 != "." }
      return family.ownComponents.contains(String(first)) ? path : "\(family.component).\(path)"
    }
    if let family = Family.of(model) {
      return family.encoder(of: self).map { "\($0.diffusers).\($0.diffusersRoot)\(path)" }
    }
    return number == 1 ? "text_encoder." + path : "text_encoder_\(number)." + path
  }

  /// What sd-scripts calls the module that changes the layer: `lora_unet_…`, `lora_te1_…`.
  ///
  /// SDXL's U-Net goes by its original names, those of others by diffusers'.
  ///
  /// - Parameter layout: The U-Net's, where it is not the published model's.
  package func kohyaName(in model: BaseModel, layout: UNetNames.Layout? = nil) -> String {
    switch network {
    case .denoiser:
      let original =
        model.hasOriginalUNetNames
        ? UNetNames.originalKey(diffusers: key, in: layout ?? model.unetLayout) : nil
      return (Family.of(model)?.trainerPrefix ?? "lora_unet_") + (original ?? key)
    case .textEncoder(let number):
      if let encoder = Family.of(model)?.encoder(of: self) { return "\(encoder.trainer)_\(key)" }
      return (number == 1 ? "lora_te_" : "lora_te\(number)_") + key
    }
  }

  /// What OneTrainer calls the module: as sd-scripts, but for transformers' `lora_transformer_…`.
  package func oneTrainerName(in model: BaseModel) -> String {
    if network == .denoiser {
      return model.isUNet ? kohyaName(in: model) : "lora_transformer_" + key
    }
    let encoder = Family.of(model)?.encoder(of: self)
    return encoder.map { "\($0.oneTrainer)_\(key)" } ?? kohyaName(in: model)
  }
}
