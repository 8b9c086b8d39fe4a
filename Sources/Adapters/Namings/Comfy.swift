import Names

extension Naming {
  /// ComfyUI: layers have the names of the model's own code, a U-Net's the original ones.
  package static let comfy = Naming(
    name: "comfy",
    spellings: [.common, .peft],
    isShownByPrefix: {
      ["diffusion_model.", "model.diffusion_model."].contains($0) || $0.hasPrefix("text_encoders.")
    },
    world: .original,
    holdsDifferences: true,
    biases: .all,
    holdsLyCORIS: true,
    magnitudes: { $0.magnitudesOfLyCORIS },
    holdsEmbeddings: true,
    readers: { _ in ["ComfyUI"] },
    moduleName: { $0.comfyName(in: $1) })
}
