import CommandSupport
import Images

/// Whether an adapter has become a copier of its picture: whether the empty prompt gives it.
struct CopyCheck: Hashable, Encodable {
  let picture: String

  /// Of pictures drawn with the copy, from the one it was trained on; the mean over seeds.
  let distance: PictureDistance

  /// Of the trained picture as the VAE gives it back: what no training can better.
  let limit: PictureDistance

  enum CodingKeys: String, CodingKey {
    case picture
    case distance
    case limit = "vae_alone"
    case hasConverged = "has_converged"
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(picture, forKey: .picture)
    try container.encode(distance, forKey: .distance)
    try container.encode(limit, forKey: .limit)
    try container.encode(hasConverged, forKey: .hasConverged)
  }

  /// The mean difference beyond the VAE's own at which a copy still is one.
  ///
  /// It allows for another shade of the background, but not for another figure.
  static let allowance = 0.1

  var hasConverged: Bool { distance.mean <= limit.mean + Self.allowance }

  /// Seeds that are drawn; two, so that one that is lucky does not hide what is missing.
  static let seeds: [UInt32] = [1, 2]
}

extension CopyCheck {
  var summary: String {
    "the empty prompt gives \(picture) but for \(percent(distance.share)) of its pixels "
      + "(mean difference \(percent(distance.mean)); the VAE alone: \(percent(limit.share)), "
      + "\(percent(limit.mean)))"
  }

  /// What to change where the copy is not one; nil where it is.
  var warning: String? {
    if hasConverged { return nil }
    return "the copy of \(picture) has not converged, so that the slider will change more than is "
      + "meant; try twice the --max-train-steps or a higher --learning-rate, and --noise-offset 0.1 "
      + "where the brightness is wrong"
  }
}
