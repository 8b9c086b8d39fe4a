package import Files
package import Images

/// The data sets of a run, as values; fields are named as sd-scripts names them.
///
/// A `--dataset-config`, a folder of `100_girl` folders and a list of pictures come to this.
package struct DatasetConfiguration: Hashable, Sendable {
  package var datasets: [Dataset]

  package init(datasets: [Dataset]) { self.datasets = datasets }

  /// Pictures that share their buckets and batches.
  package struct Dataset: Hashable, Sendable {
    package var resolution: PixelSize
    package var batchSize = 1
    package var enableBucket = false
    package var bucketNoUpscale = false
    package var bucketResoSteps = 64
    package var minBucketReso = 256
    package var maxBucketReso = 1024
    package var subsets: [Subset] = []
  }

  /// Pictures that share how they are used.
  package struct Subset: Hashable, Sendable {
    package var source: Source

    /// How often an epoch shows each picture.
    package var numRepeats = 1

    /// The caption of pictures without one of their own.
    package var classTokens: String?

    /// Whether these are regularisation pictures.
    package var isReg = false

    /// With or without its dot; nil reads `.caption`, then `.txt`.
    package var captionExtension: String?

    /// A folder with a mask picture of the same name for each picture (`masked_loss`).
    package var conditioningDataDir: String?
    package var alphaMask = false

    /// The colour behind transparent pixels, unless they weigh the loss.
    package var background = Color.white
    package var flipAug = false
    package var randomCrop = false
    package var resizeInterpolation: Interpolation?
    package var caption = CaptionRules()
  }

  package enum Source: Hashable, Sendable {
    /// `image_dir`: the pictures that lie in a folder.
    case folder(String)

    /// Pictures by name; their caption is always `class_tokens`, or empty.
    case files([String])
  }
}

extension DatasetConfiguration.Dataset {
  package init(_ resolution: PixelSize) { self.init(resolution: resolution) }
}

extension DatasetConfiguration.Subset {
  package init(_ source: DatasetConfiguration.Source) { self.init(source: source) }

  /// The range of `numRepeats`.
  package static let repeats = 1...1_000_000
}

/// Why pictures cannot be trained on.
package enum DatasetError: Error, Hashable {
  case file(FileError)
  case picture(ImageError)
  case noPictures(String)
  case tooManyPictures(Int)
  case resolution(String)
  case bucket(file: String, PixelSize, String)
  case caption(file: String)
  case noMask(file: String, folder: String)
}

extension DatasetError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .file(let error): error.description
    case .picture(let error): error.description
    case .noPictures(let text): text
    case .tooManyPictures(let count):
      "an epoch would show \(count) pictures, repeats included, and \(TrainingData.epochLimit) are "
        + "possible; lower the repeats"
    case .resolution(let text): text
    case .bucket(let file, let size, let text): "\(file): \(size) pixels \(text)"
    case .caption(let file):
      "\(file): the caption is not UTF-8; save it as UTF-8 text"
    case .noMask(let file, let folder):
      "\(file): no picture of that name in \(folder), where its mask should be; add a mask, "
        + "white where the loss counts"
    }
  }
}
