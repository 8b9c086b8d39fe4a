extension Family {
  /// Kolors: SDXL's U-Net with ChatGLM3, which no trainer adapts.
  static let kolors = Family(
    .kolors, trainers: [], component: "unet", comfyReadsDiffusers: true)
}
