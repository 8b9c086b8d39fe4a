extension Family {
  /// SDXL: its U-Net's names are in `UNetNames`.
  static let sdxl = Family(
    .sdxl, trainers: ["sd-scripts"], component: "unet", comfyReadsDiffusers: true,
    encoders: [
      .clip("clip_l", trainer: "lora_te1"),
      .clip("clip_g", number: 2, diffusers: "text_encoder_2", trainer: "lora_te2"),
    ])
}
