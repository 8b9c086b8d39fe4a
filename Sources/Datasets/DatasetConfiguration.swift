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
