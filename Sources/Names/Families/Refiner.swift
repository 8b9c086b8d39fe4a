extension Family {
  /// SDXL's refiner, which has only the second of SDXL's encoders.
  ///
  /// Source: ComfyUI, `comfy/sdxl_clip.py`; diffusers, `StableDiffusionXLImg2ImgPipeline`.
  static let refiner = Family(
    .refiner, trainers: ["sd-scripts"], component: "unet", comfyReadsDiffusers: true,
    encoders: [.clip("clip_g", number: 2, diffusers: "text_encoder_2", trainer: "lora_te")])
}
