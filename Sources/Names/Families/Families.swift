extension Family {
  /// Every family; of two that share names, the more common one comes first.
  package static let all: [Family] = [
    .sd1, .sd2, .sdxl, .refiner, .kolors, .cascade, .sd3, .flux1, .chroma, .flux2, .qwenImage,
    .zImage, .lumina2, .wan, .hunyuanVideo, .hunyuanVideo15, .hunyuanImage, .ltx, .anima, .cosmos,
    .hidream, .krea2, .pixart, .auraflow,
  ]

  private static let byModel = Dictionary(
    all.map { ($0.model, $0) }, uniquingKeysWith: { first, _ in first })

  /// The family of a model; `nil` for language models and unknown models.
  package static func of(_ model: BaseModel) -> Family? { byModel[model] }
}
