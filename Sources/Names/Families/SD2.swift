extension Family {
  /// Stable Diffusion 2: its U-Net's names are in `UNetNames`, its encoder is OpenCLIP's ViT-H.
  ///
  /// Source: ComfyUI, `comfy/text_encoders/sd2_clip.py`.
  static let sd2 = Family(
    .sd2, trainer: .diffusers, trainers: ["sd-scripts"], component: "unet",
    comfyReadsDiffusers: true, encoders: [.clip("clip_h", trainer: "lora_te")])
}
