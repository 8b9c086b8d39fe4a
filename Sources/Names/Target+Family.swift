// Resolves a layer in one family: its dots, and its text encoder.

extension Target {
  /// The target according to the model's tables.
  ///
  /// A flattened name gets its dots, an encoder its number in the family, and a language model's
  /// layer loses the wrapper's prefix.
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

  /// The prefixes of a language model's layers in various programs.
  private static let languageModelRoots = [
    "model.language_model.", "language_model.model.", "model.", "model_language_model_", "model_",
  ]

  /// Whether the path comes from the file, dots included, and was not derived from the key.
  private var isPathOfFile: Bool { path != DottedPath.path(of: key) }
}

extension Family {
  /// The encoder of a layer: the only one of its kind, or the one with its number.
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

  /// The encoder with the layer's number.
  func encoder(of target: Target) -> FamilyEncoder? {
    encoder(like: target).flatMap { target.network == .textEncoder($0.number) ? $0 : nil }
  }
}

// MARK: - Names

extension Target {
  /// ComfyUI's name of the layer; a denoiser's has the authors' name.
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

  /// diffusers' name of the layer, after the component of its pipeline.
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

  /// sd-scripts' name of the module that changes the layer: `lora_unet_…`, `lora_te1_…`.
  ///
  /// SDXL's U-Net has its original names, other U-Nets have diffusers'.
  ///
  /// - Parameter layout: The U-Net's layout, if it differs from the published model's.
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

  /// OneTrainer's name of the module: sd-scripts', except `lora_transformer_…` for transformers.
  package func oneTrainerName(in model: BaseModel) -> String {
    if network == .denoiser {
      return model.isUNet ? kohyaName(in: model) : "lora_transformer_" + key
    }
    let encoder = Family.of(model)?.encoder(of: self)
    return encoder.map { "\($0.oneTrainer)_\(key)" } ?? kohyaName(in: model)
  }
}
