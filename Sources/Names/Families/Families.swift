extension Family {
  /// Every family, the more common of two that share names first.
  package static let all: [Family] = [
    .sd1, .sd2, .sdxl, .refiner, .kolors, .cascade, .sd3, .flux1, .chroma, .flux2, .qwenImage,
    .zImage, .lumina2, .wan, .hunyuanVideo, .hunyuanVideo15, .hunyuanImage, .ltx, .anima, .cosmos,
    .hidream, .krea2, .pixart, .auraflow,
  ]

  private static let byModel = Dictionary(
    all.map { ($0.model, $0) }, uniquingKeysWith: { first, _ in first })

  /// The family of a model; `nil` for language models and unknown ones.
  package static func of(_ model: BaseModel) -> Family? { byModel[model] }
}
