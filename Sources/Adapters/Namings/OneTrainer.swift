import Names

extension Naming {
  /// Nerogar/OneTrainer: as sd-scripts, but for transformers, which keep diffusers' words.
  package static let onetrainer = Naming(
    name: "onetrainer",
    spellings: [.common, .kohya],
    isShownByPrefix: { $0 == "lora_transformer_" },
    isShownByOneModule: true,
    fluxDivision: .split,
    storesAlpha: true,
    holdsDifferences: true,
    biases: .all,
    holdsLyCORIS: true,
    magnitudes: { $0.magnitudesOfLyCORIS },
    holdsEmbeddings: true,
    moduleName: { target, model in
      target.network == .denoiser && !model.isUNet
        ? "lora_transformer_" + target.key : target.kohyaName(in: model)
    })
}
