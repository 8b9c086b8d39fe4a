import Datasets
import Images

/// A slider's two pictures as they are trained on: what differs there, and what got lost before.
struct PicturePair {
  let files: (before: String, after: String)

  /// As they are trained on: resized and cropped.
  let before: Picture
  let after: Picture

  /// The second picture's place on the slider less the first's.
  var span: Float = 1
  var caption = ""

  /// After resizing and cropping.
  let difference: PictureDifference

  /// The size of the first picture as it is trained on.
  let size: PixelSize

  /// Notes beside the difference's own warnings.
  let notes: [String]

  /// Reads both pictures.
  ///
  /// - Parameter resolution: Where none is asked for, the model's own.
  /// - Throws: Where nothing differs in what is trained on.
  init(
    before: String, after: String, _ options: TrainingOptions, resolution: PixelSize
  ) throws {
    let (low, high) = (
      try Side(before, options, resolution), try Side(after, options, resolution)
    )
    let whole = PictureDifference(from: low.whole, to: high.whole)
    guard whole.differing > 0 else {
      throw TrainingError.unsupported(
        "\(after): the same picture as \(before), so that there is nothing to learn; change one "
          + "thing in it")
    }
    files = (before, after)
    (self.before, self.after) = (low.cropped, high.cropped)
    size = low.cropped.size
    difference = PictureDifference(
      from: low.cropped, to: high.cropped, givenAs: (low.size, high.size))
    let (all, left) = Self.counts(whole, difference)
    guard left > 0 else {
      throw TrainingError.unsupported(
        "\(after): the picture is cropped to its middle \(low.cropped.size), and none of the "
          + "\(counted(all)) is left in it; crop both pictures around the change, or give "
          + "--resolution \(low.whole.width)x\(low.whole.height) or --enable-bucket")
    }
    var notes: [String] = []
    if left < all {
      notes.append(
        "the picture is cropped to its middle \(low.cropped.size); \(left) of \(counted(all)) are "
          + "left; --enable-bucket keeps its shape")
    }
    for side in [low, high] where side.hasPalette {
      notes.append(
        "\(side.file): a picture of at most 256 colours, whose choice and dithering differ from "
          + "save to save; save both pictures as PNG in true colour")
    }
    self.notes = notes
  }

  /// The changed pixels before and after cropping: those that differ clearly, where there are any.
  private static func counts(
    _ whole: PictureDifference, _ cropped: PictureDifference
  ) -> (all: Int, left: Int) {
    whole.changed > 0 ? (whole.changed, cropped.changed) : (whole.differing, cropped.differing)
  }

  /// One of the two pictures.
  private struct Side {
    let file: String
    let size: PixelSize
    let hasPalette: Bool

    /// As it is resized, and its part that is trained on.
    let whole: Picture
    let cropped: Picture

    init(_ file: String, _ options: TrainingOptions, _ resolution: PixelSize) throws {
      var (options, unused) = (options, [String]())
      options.run.image = [file]
      options.subset.randomCrop = false
      let data = try TrainingData(
        DatasetConfiguration(options, resolution: resolution, warnings: &unused))
      guard let (sample, placement) = data.everyPlacement.first else {
        throw TrainingError.unsupported("\(file): there is no picture to compare with")
      }
      let header = try TrainingPicture.header(of: file)
      self.file = file
      size = PixelSize(width: header.displayWidth, height: header.displayHeight)
      hasPalette = header.hasPalette
      whole = try data.wholePixels(of: sample)
      cropped = try data.pixels(of: sample, placement)
    }
  }
}

private func counted(_ pixels: Int) -> String {
  "\(pixels) changed \(pixels == 1 ? "pixel" : "pixels")"
}
