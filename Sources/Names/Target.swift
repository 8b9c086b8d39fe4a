/// The layer that a module changes, under the same name for every naming.
package struct Target: Hashable, Sendable {
  /// The network that contains the layer.
  package enum Network: Hashable, Comparable, Sendable {
    /// The U-Net or transformer that removes the noise, or a language model.
    case denoiser

    /// 1: CLIP-L, or a model's only encoder; 2: OpenCLIP bigG; 3: T5; 4: a language model
    /// beside those.
    case textEncoder(Int)
  }

  package let network: Network

  /// The layer's path with `_` for every dot, by which modules of two files are matched.
  ///
  /// It is in diffusers' words for Stable Diffusion's U-Nets, and in the file's own words otherwise.
  package let key: String

  /// The path with its dots, if the file gives it or it can be derived from the key.
  package let path: String?

  package init(network: Network, key: String, path: String?) {
    self.network = network
    self.key = key
    self.path = path
  }

  package static func == (a: Target, b: Target) -> Bool {
    a.network == b.network && a.key == b.key
  }

  package func hash(into hasher: inout Hasher) {
    hasher.combine(network)
    hasher.combine(key)
  }
}

extension Target: CustomStringConvertible {
  /// The dotted path for reports, after the number of the text encoder if there is one.
  package var description: String {
    switch network {
    case .denoiser: path ?? key
    case .textEncoder(1): "text_encoder.\(path ?? key)"
    case .textEncoder(let number): "text_encoder_\(number).\(path ?? key)"
    }
  }
}

extension Target {
  /// The prefixes of modules' names with their networks; of two that match, the longer comes first.
  ///
  /// A name after a flattened prefix has no dots.
  private static let prefixes: [(text: String, network: Network)] = [
    ("base_model.model.", .denoiser),
    ("base_model.", .denoiser),
    ("unet.base_model.model.", .denoiser),
    ("transformer.base_model.model.", .denoiser),
    ("text_encoder.base_model.model.", .textEncoder(1)),
    ("text_encoder_2.base_model.model.", .textEncoder(2)),
    ("pipe.dit.", .denoiser),
    ("model.diffusion_model.", .denoiser),
    ("diffusion_model.", .denoiser),
    ("lora_prior_unet_", .denoiser),
    ("lora_unet__", .denoiser),
    ("lora_unet_unet_", .denoiser),
    ("lora_unet_", .denoiser),
    ("oft_unet_", .denoiser),
    ("lora_transformer_", .denoiser),
    ("lora_te1_", .textEncoder(1)),
    ("lora_te2_", .textEncoder(2)),
    ("lora_te3_", .textEncoder(3)),
    ("lora_te4_", .textEncoder(4)),
    ("lora_te_", .textEncoder(1)),
    ("lora_prior_te_", .textEncoder(2)),
    ("lycoris_", .denoiser),
    ("transformer.", .denoiser),
    ("unet.", .denoiser),
    ("prior.", .denoiser),
    ("text_encoders.clip_l.transformer.", .textEncoder(1)),
    ("text_encoders.clip_g.transformer.", .textEncoder(2)),
    ("text_encoders.t5xxl.transformer.", .textEncoder(3)),
    ("text_encoders.clip_l.", .textEncoder(1)),
    ("text_encoders.clip_g.", .textEncoder(2)),
    ("text_encoders.t5xxl.", .textEncoder(3)),
    ("text_encoder_4.", .textEncoder(4)),
    ("text_encoder_3.", .textEncoder(3)),
    ("text_encoder_2.", .textEncoder(2)),
    ("text_encoder.", .textEncoder(1)),
  ]

  /// The target of a module, parsed from its name without the part's suffix.
  ///
  /// - Returns: The target, and the prefix as the file spells it (empty where there is none).
  package static func parse(_ name: String) -> (target: Target, prefix: String) {
    if let target = cloneofsimo(name) { return (target, "") }
    guard let (text, network) = prefixes.first(where: { name.utf8.starts(with: $0.text.utf8) })
    else {
      let isDotted = !name.hasPrefix("unet_")
      return comfyEncoder(name) ?? (named(name, in: .denoiser, isDotted: isDotted), "")
    }
    var rest = String(name.dropFirst(text.count))
    // `transformer.h.3.…` is GPT-2's own name, not diffusers' component.
    if text == "transformer.", isOfLanguageModel(rest) {
      return (named(name, in: .denoiser, isDotted: true), "")
    }
    if text == "base_model.model." {
      if rest.hasPrefix("text_model.") {
        return (named(rest, in: .textEncoder(1), isDotted: true), text)
      }
      rest = withoutComponent(rest)
    }
    if text == "lycoris_", rest.hasPrefix("unet_") { rest.removeFirst(5) }
    return (named(rest, in: network, isDotted: text.hasSuffix(".")), text)
  }

  /// Whether the path is a language model's, whose root is also called `transformer`; diffusers'
  /// components have other layers.
  private static func isOfLanguageModel(_ rest: String) -> Bool {
    ["h.", "layer.", "encoder.", "word_embedding", "wte", "wpe", "ln_f", "embedding"]
      .contains { rest.hasPrefix($0) }
  }

  /// Removes a pipeline's component, or a model's own name, that PEFT may have wrapped.
  private static func withoutComponent(_ name: String) -> String {
    for component in ["model.diffusion_model.", "diffusion_model.", "unet."]
    where name.hasPrefix(component) {
      return String(name.dropFirst(component.count))
    }
    let inner = name.following("transformer.")
    let isDiffusers =
      inner?.hasPrefix("transformer_blocks.") ?? false
      || inner?.hasPrefix("single_transformer_blocks.") ?? false
    return isDiffusers ? inner ?? name : name
  }

  /// Parses ComfyUI's `text_encoders.NAME.transformer.…`, for encoders without an entry in
  /// `prefixes`.
  private static func comfyEncoder(_ name: String) -> (target: Target, prefix: String)? {
    guard let rest = name.following("text_encoders."),
      let dot = rest.firstIndex(of: ".")
    else { return nil }
    let path = String(rest[rest.index(after: dot)...])
    let inner = path.following("transformer.") ?? path
    let number = rest.hasPrefix("t5") || rest.hasPrefix("umt5") ? 3 : 4
    return (
      named(inner, in: .textEncoder(number), isDotted: true), String(name.dropLast(inner.count))
    )
  }

  /// The target of a name without prefix.
  ///
  /// - Parameter isDotted: Whether a name without a dot is a path of one word and not flattened; a
  ///   name with dots and a flattened prefix is partly flattened.
  private static func named(_ name: String, in network: Network, isDotted: Bool) -> Target {
    let hasDots = name.utf8.contains(UInt8(ascii: "."))
    if !isDotted && hasDots {
      let flat = flattened(name)
      if DottedPath.path(of: flat) != nil { return named(flat, in: network, isDotted: false) }
    }
    let isDotted = isDotted || hasDots
    var path = isDotted ? withoutWrappers(name) : withoutTrailingUnderscores(name)
    var network = network
    if network != .denoiser, path.hasPrefix("encoder.block.") || path.hasPrefix("encoder_block_") {
      network = .textEncoder(3)  // T5, whatever its number among the pipeline's encoders
    }
    if network != .denoiser && isDotted { path = withCLIPNames(path) }
    if network != .denoiser, path.hasPrefix("encoder.layers.") || path.hasPrefix("encoder_layers_")
    {
      path = (isDotted ? "text_model." : "text_model_") + path
    }
    let flat = flattened(path)
    if network == .denoiser, let key = UNetNames.diffusersKey(original: flat) {
      return Target(network: network, key: key, path: DottedPath.path(of: key))
    }
    return Target(network: network, key: flat, path: isDotted ? path : DottedPath.path(of: flat))
  }

  /// Some trainers leave the separator behind a flattened name: `lora_unet_…_to_k_.lora_up.weight`.
  private static func withoutTrailingUnderscores(_ name: String) -> String {
    let end = name.utf8.lastIndex { $0 != UInt8(ascii: "_") }
    return end.map { String(name[...$0]) } ?? name
  }

  /// Removes words that stand for no layer: `….attn1.processor.to_q` → `….attn1.to_q`, and its
  /// `to_out` → `to_out.0`; PEFT's `….classifier.modules_to_save.default` → `….classifier`, and its
  /// `….attn.base_layer.out_proj` → `….attn.out_proj`.
  private static func withoutWrappers(_ name: String) -> String {
    guard
      [".processor", "modules_to_save", "base_layer"].contains(where: { contains($0, in: name) })
    else { return name }
    var components = name.split(separator: ".").filter { $0 != "base_layer" }
    if let index = components.firstIndex(of: "modules_to_save") {
      return components[..<index].joined(separator: ".")
    }
    guard let index = components.firstIndex(of: "processor") else {
      return components.joined(separator: ".")
    }
    components.remove(at: index)
    if let layer = components.last, let block = xlabsLayers["\(components[0]).\(layer)"] {
      components[components.count - 1] = Substring(block)
    }
    let kept = components.joined(separator: ".")
    return kept.hasSuffix(".to_out") ? kept + ".0" : kept
  }

  /// XLabs's numbers of the two streams of Flux's double blocks.
  ///
  /// The `qkv` of single blocks is a part of `linear1` and keeps its name.
  private static let xlabsLayers = [
    "double_blocks.qkv_lora1": "img_attn.qkv", "double_blocks.proj_lora1": "img_attn.proj",
    "double_blocks.qkv_lora2": "txt_attn.qkv", "double_blocks.proj_lora2": "txt_attn.proj",
    "single_blocks.proj": "linear2",
  ]

  /// Translates diffusers' first files, which name CLIP's layers like diffusers' own attention.
  private static func withCLIPNames(_ path: String) -> String {
    for (old, new) in [
      ("to_q", "q_proj"), ("to_k", "k_proj"), ("to_v", "v_proj"), ("to_out", "out_proj"),
    ] where path.hasSuffix(".self_attn." + old) {
      return path.dropLast(old.count) + new
    }
    return path
  }

  /// Whether the layer is an embedding table, indexed by a token's number or position.
  package var isTokenTable: Bool {
    [
      "embed_tokens", "embed_in", "wte", "wpe", "word_embeddings", "position_embeddings",
      "token_embedding", "position_embedding", "shared",
    ].contains { key == $0 || key.hasSuffix("_" + $0) }
  }

  /// Whether the layer computes token scores, so that it may share the table's weight.
  package var isHead: Bool {
    ["lm_head", "embed_out", "output_projection"].contains { key == $0 || key.hasSuffix("_" + $0) }
  }

  /// Whether the layer is a 3 × 3 convolution of a U-Net.
  package var isThreeByThree: Bool {
    guard network == .denoiser else { return false }
    if key == "conv_in" || key == "conv_out" { return true }
    let isConvolution =
      key.hasSuffix("_conv1") || key.hasSuffix("_conv2") || key.hasSuffix("samplers_0_conv")
    return isConvolution && (contains("_resnets_", in: key) || contains("samplers_", in: key))
  }
}

extension String {
  /// The text after a prefix; `nil` if the string does not begin with it.
  fileprivate func following(_ prefix: String) -> String? {
    utf8.starts(with: prefix.utf8) ? String(dropFirst(prefix.count)) : nil
  }
}
