import Names

extension Naming {
  /// Hugging Face diffusers: `unet.down_blocks.0.….lora_A.weight`, one prefix per component.
  package static let diffusers = Naming(
    name: "diffusers",
    spellings: [.peft, .diffusers, .common],
    isShownByPrefix: { prefix in
      ["unet.", "transformer.", "prior.", "text_encoder.", "text_encoder_"]
        .contains(where: prefix.hasPrefix)
    },
    isShownByPath: { module in
      module.isBare && !module.spellings.contains(.kohya) && isOfDiffusers(module.path)
        && !BaseModel.isLanguageModel(module.path)
    },
    world: .diffusers,
    biases: .besideFactors,
    magnitudes: { $0.magnitudesOfPEFT },
    keepsConfigurationInMetadata: true,
    readers: { ["diffusers"] + ($0?.comfyReadsDiffusers ?? false ? ["ComfyUI"] : []) },
    moduleName: { $0.diffusersName(in: $1) })

  private static func isOfDiffusers(_ path: String) -> Bool {
    let components = [
      "down_blocks.", "up_blocks.", "mid_block.", "transformer_blocks.",
      "single_transformer_blocks.", "text_model.", "x_embedder", "context_embedder", "proj_out",
      "norm_out.", "time_text_embed.", "conv_in", "conv_out", "time_embedding.", "add_embedding.",
    ]
    return components.contains { path.hasPrefix($0) } || contains(".attn1.to_", in: path)
  }
}

extension Spelling {
  /// The names that diffusers wrote before it used PEFT.
  static let diffusers = Spelling(
    "diffusers",
    [
      Suffix(".lora.up.weight", .up),
      Suffix(".lora.down.weight", .down),
      Suffix(".lora_linear_layer.up.weight", .up),
      Suffix(".lora_linear_layer.down.weight", .down),
    ])
}
