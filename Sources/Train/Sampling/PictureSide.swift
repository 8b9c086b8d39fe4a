import Diffusion

extension PretrainedModel.Kind {
  /// Of the pictures that the published models of this kind were trained on, in pixels.
  func usualSide(predictsVelocity: Bool) -> Int {
    switch self {
    case .sd1: 512
    case .sd2: predictsVelocity ? 768 : 512
    case .sdxl: 1024
    }
  }
}

extension UNet {
  /// The side of the pictures that the model was made for, in pixels: what its configuration says,
  /// else that of its kind.
  func usualSide(
    of model: PretrainedModel, predictsVelocity: Bool, downscaling: Int
  ) -> Int {
    configuration.sampleSide.map { $0 * downscaling }
      ?? model.kind.usualSide(predictsVelocity: predictsVelocity)
  }
}

/// A side of a picture in pixels, of which one latent covers eight.
enum PictureSide {
  static let multiple = 8
  static let most = 16384

  /// Throws for any other, and names those beside it.
  static func check(_ side: Int, _ key: String) throws(OptionsError.Reason) {
    guard !(multiple...most).contains(side) || side % multiple != 0 else { return }
    let lower = min(most, max(multiple, side)) / multiple * multiple
    let near = (multiple..<most).contains(side) ? "\(lower) or \(lower + multiple)" : "\(lower)"
    throw .wrongType(
      key, wanted: "a multiple of \(multiple) from \(multiple) to \(most)",
      found: "\(side); give \(near)")
  }
}
