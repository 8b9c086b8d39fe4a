import Names

extension Naming {
  /// Nerogar/OneTrainer: sd-scripts' names, except that transformers keep diffusers' words.
  package static let onetrainer = Naming(
    name: "onetrainer",
    spellings: [.common, .kohya],
    isShownByPrefix: { $0 == "lora_transformer_" },
    isShownByOneModule: true,
    world: .diffusers,
    storesAlpha: true,
    holdsDifferences: true,
    biases: .all,
    holdsLyCORIS: true,
    magnitudes: { $0.magnitudesOfLyCORIS },
    holdsEmbeddings: true,
    readers: { ["OneTrainer"] + ($0?.comfyReadsOneTrainer ?? false ? ["ComfyUI"] : []) },
    moduleName: { $0.oneTrainerName(in: $1) })
}
