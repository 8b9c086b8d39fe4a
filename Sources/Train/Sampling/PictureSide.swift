import Diffusion

extension PretrainedModel.Kind {
  /// The side of the pictures that the published models of this kind were trained on, in pixels.
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

/// A side of a picture in pixels; one latent covers eight.
enum PictureSide {
  static let multiple = 8
  static let most = 16384

  /// Throws where a side in the domain is no multiple, and names those beside it.
  static func check(_ side: Int, _ key: String) throws(OptionsError.Reason) {
    guard side % multiple != 0 else { return }
    let lower = side / multiple * multiple
    throw .wrongType(
      key, wanted: "a multiple of \(multiple) from \(multiple) to \(most)",
      found: "\(side); give \(lower) or \(lower + multiple)")
  }
}
