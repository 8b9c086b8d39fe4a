extension Family {
  /// Stable Diffusion 1: its U-Net's names are in `UNetNames`.
  static let sd1 = Family(
    .sd1, trainer: .diffusers, trainers: ["sd-scripts"], component: "unet",
    comfyReadsDiffusers: true, encoders: [.clip("clip_l", trainer: "lora_te")])
}
