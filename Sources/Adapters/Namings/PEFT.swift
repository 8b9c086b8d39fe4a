import Names
import Tensors

extension Naming {
  /// Hugging Face PEFT: `base_model.model.….lora_A.weight`, in a folder with its configuration.
  package static let peft = Naming(
    name: "peft",
    spellings: [.peft, .common],
    isShownByPrefix: { $0.hasPrefix("base_model.") },
    isShownByPath: { $0.isBare && BaseModel.isLanguageModel($0.path) && !$0.isOfFluxWithBias },
    world: .diffusers,
    keepsPaths: true,
    biases: .besideFactors,
    tables: .bySuffix,
    magnitudes: { $0.magnitudesOfPEFT },
    folder: Folder(weights: "adapter_model.safetensors", configuration: { $0.peft }),
    readers: { _ in ["PEFT"] },
    moduleName: { target, _ in
      target.network == .denoiser ? target.path.map { "base_model.model." + $0 } : nil
    })
}

extension Spelling {
  static let peft = Spelling(
    "peft",
    [
      Suffix(".lora_B.weight", .up),
      Suffix(".lora_A.weight", .down),
      Suffix(".lora_embedding_B", .up, isOfTable: true),
      Suffix(".lora_embedding_A", .down, isOfTable: true),
      Suffix(".lora_B.bias", .biasDifference),
      Suffix(".lora_magnitude_vector", .magnitude),
      Suffix(".lora_magnitude_vector.weight", .magnitude),
      Suffix(".oft_R.weight", .orthogonalBlocks),
      Suffix(".oft_r", .orthogonalBlocks),
      Suffix(".boft_R", .orthogonalBlocks),
      Suffix(".oft_s", .rescale),
      Suffix(".boft_s", .rescale),
      Suffix(".ia3_l", .ia3Weight),
      Suffix(".trainable_tokens_delta", .tokenRows),
      Suffix(".token_adapter.trainable_tokens_delta", .tokenRows),
    ])
}

extension Module.Extents {
  /// The shape of PEFT's magnitudes, one per output.
  var magnitudesOfPEFT: Shape {
    isConvolution ? Shape([1, outputs] + kernel.map { _ in 1 }) : [outputs]
  }
}
