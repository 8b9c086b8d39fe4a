import Names

extension Naming {
  /// ComfyUI: layers as the model's own code names them, a U-Net's by the original names.
  package static let comfy = Naming(
    name: "comfy",
    spellings: [.common, .peft],
    isShownByPrefix: {
      ["diffusion_model.", "model.diffusion_model."].contains($0) || $0.hasPrefix("text_encoders.")
    },
    fluxDivision: .fused,
    holdsDifferences: true,
    biases: .all,
    holdsLyCORIS: true,
    magnitudes: { $0.magnitudesOfLyCORIS },
    holdsEmbeddings: true,
    moduleName: { target, model in
      switch target.network {
      case .denoiser:
        let original = UNetNames.originalKey(diffusers: target.key, in: model.unetLayout)
        let path = model.isUNet ? original.flatMap(DottedPath.path) : target.path
        return path.map { "diffusion_model." + $0 }
      case .textEncoder(let number):
        let encoder = ["clip_l", "clip_g", "t5xxl"][min(number, 3) - 1]
        return target.path.map { "text_encoders.\(encoder).transformer." + $0 }
      }
    })
}
