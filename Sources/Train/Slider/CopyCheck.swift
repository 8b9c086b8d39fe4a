import CommandSupport
import Files
import Images

/// Whether an adapter has become a copier of its picture: whether the empty prompt gives it.
///
/// What is near depends on the model and on the picture, so the scale is made of the two: 0 is what
/// the model draws without the adapter, 1 the picture as the VAE gives it back, which no training
/// can better.
struct CopyCheck: Hashable, Encodable {
  let picture: String

  /// The distance of pictures drawn with the copy from the trained one; the mean over seeds.
  let distance: PictureDistance

  /// The distance of the same seeds' pictures without the copy.
  let start: PictureDistance

  /// The distance of the trained picture as the VAE gives it back.
  let limit: PictureDistance

  enum CodingKeys: String, CodingKey {
    case picture
    case distance
    case start = "model_alone"
    case limit = "vae_alone"
    case progress
    case hasConverged = "has_converged"
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(picture, forKey: .picture)
    try container.encode(distance, forKey: .distance)
    try container.encode(start, forKey: .start)
    try container.encode(limit, forKey: .limit)
    try container.encode(progress, forKey: .progress)
    try container.encode(hasConverged, forKey: .hasConverged)
  }

  /// The share of the way from the model's own pictures to the trained one that the copy has gone.
  var progress: Double {
    let way = start.mean - limit.mean
    return way > 0 ? (start.mean - distance.mean) / way : 1
  }

  /// Whether pictures have more of the trained one than of the model's own.
  ///
  /// What is left from there on is mostly the background's shade, which both copies share.
  var hasConverged: Bool { progress >= 0.5 }

  /// Whether training has done anything that can be seen.
  var hasMoved: Bool { progress >= 0.05 }

  /// Seeds that are drawn; two, so that one that is lucky does not hide what is missing.
  static let seeds: [UInt32] = [1, 2]
}

extension CopyCheck {
  var summary: String {
    "the empty prompt gives \(picture) but for \(percent(distance.mean)) (mean difference; without "
      + "training \(percent(start.mean)), by the VAE alone \(percent(limit.mean))): "
      + (progress < 0 ? "farther from it than without training" : "\(percent(progress)) of the way")
  }

  /// Advice where the copy is none; nil where it is one.
  var warning: String? {
    if hasConverged { return nil }
    if progress < 0 {
      return
        "the copy of \(picture) has gone away from it; try a lower --learning-rate, such as 0.001, "
        + "and more --max-train-steps"
    }
    if !hasMoved {
      return
        "the copy of \(picture) has gone \(percent(progress)) of the way to it, next to nothing; "
        + "give --learning-rate 0.001, or where it is that already, more --max-train-steps"
    }
    return "the copy of \(picture) has not gone half the way, so that the slider will change more "
      + "than is meant; try twice the --max-train-steps or a higher --learning-rate, and "
      + "--noise-offset 0.1 where the brightness is wrong"
  }
}

/// The place of the two copies of a slider while it is made.
///
/// They are there for the case that the rest fails or is interrupted: hours may have gone into the
/// first. Kept, they stand beside the result; else in a new folder there, which nobody else uses
/// and which goes with them when the slider is there.
final class CopyFiles {
  private let output: OutputName
  private let folder: PrivateFolder?
  private var whole: [(picture: String, file: String)] = []

  /// - Parameters:
  ///   - output: The slider's.
  ///   - keeps: Whether the copies are wanted too.
  init(output: OutputName, keeps: Bool) throws {
    self.output = output
    if !output.directory.isEmpty { try makeFolder(output.directory) }
    folder = try keeps ? nil : PrivateFolder(prefix: output.directory + output.stem + "-copies-")
  }

  /// The name of a copy.
  func place(of copy: SliderCopy, _ saving: SavingOptions) throws(OptionsError) -> OutputName {
    try OutputName(
      saving,
      output: folder.map { "\($0.path)/\(copy.rawValue)\(output.suffix)" }
        ?? output.path(with: copy.rawValue))
  }

  /// Says that a copy is whole: from now on it is named wherever the slider does not come to be.
  func finish(_ picture: String, _ file: String) {
    whole.append((picture, file))
    Interruption.setLastWords(leftover)
  }

  /// The file of a copy that is whole.
  func file(of picture: String) -> String? { whole.last { $0.picture == picture }?.file }

  /// A sentence on the copies that are there without their slider; nil where none is.
  var leftover: String? {
    guard !whole.isEmpty else { return nil }
    let names = whole.map { "the copy of \($0.picture) is kept as \($0.file)" }
    return names.joined(separator: ", ")
  }

  /// Takes the copies away that are not wanted: the slider is there.
  func close() throws {
    if folder != nil { for copy in whole { try remove(at: copy.file) } }
    folder?.removeIfEmpty()
    whole = []
    Interruption.setLastWords(nil)
  }
}
