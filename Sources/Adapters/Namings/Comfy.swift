import Names

extension Naming {
  /// ComfyUI: layers as the model's own code names them, a U-Net's by the original names.
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
