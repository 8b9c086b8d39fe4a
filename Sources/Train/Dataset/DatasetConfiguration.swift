// Dataset/: folders and captions to the samples of an epoch.
//
//     folder ─ImageFolder─▶ DatasetConfiguration ─BucketRules, CaptionFile─▶ TrainingData
//     TrainingData ─batches(epoch:seed:)─▶ Sample ─▶ Placement ─▶ PreparedSample (pixels, mask)
//                                              └───▶ caption, SizeConditioning, LatentsKey
//
// Headers and captions are read once, at the start; pixels when a sample is prepared.

import Images

/// What to train on, as values; fields are named as sd-scripts names them.
///
/// A `--dataset-config`, a folder of `100_girl` folders and a list of pictures come to this.
struct DatasetConfiguration: Hashable, Sendable {
  var datasets: [Dataset]

  /// Pictures that share their buckets and batches.
  struct Dataset: Hashable, Sendable {
    var resolution: PixelSize
    var batchSize = 1
    var enableBucket = false
    var bucketNoUpscale = false
    var bucketResoSteps = 64
    var minBucketReso = 256
    var maxBucketReso = 1024
    var subsets: [Subset] = []
  }

  /// Pictures that share how they are used.
  struct Subset: Hashable, Sendable {
    var source: Source

    /// How often an epoch shows each picture.
    var numRepeats = 1

    /// The caption of pictures without one of their own.
    var classTokens: String?

    /// Whether these are regularisation pictures.
    var isReg = false

    /// With or without its dot; nil reads `.caption`, then `.txt`.
    var captionExtension: String?

    /// A folder with a mask picture of the same name for each picture (`masked_loss`).
    var conditioningDataDir: String?
    var alphaMask = false

    /// What lies behind transparent pixels, unless they weigh the loss.
    var background = Color.white
    var flipAug = false
    var randomCrop = false
    var resizeInterpolation: Interpolation?
    var caption = CaptionRules()
  }

  enum Source: Hashable, Sendable {
    /// `image_dir`: the pictures that lie in a folder.
    case folder(String)

    /// Pictures by name; their caption is always `class_tokens`, or empty.
    case files([String])
  }
}
