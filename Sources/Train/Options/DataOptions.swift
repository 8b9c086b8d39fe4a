import ArgumentParser
import CommandSupport
import Images

/// The sources of pictures, and the caches of encoded ones.
struct DataOptions: ParsableArguments {
  @Option(
    help: .usual("sd-scripts TOML or JSON that describes several data sets.", "file"),
    completion: .file())
  var datasetConfig: String?

  @Option(
    help: .rare("Folder of folders with regularisation pictures.", "folder"), completion: .directory
  )
  var regDataDir: String?

  @Flag(help: .usual("Encode each picture once, not at each use.")) var cacheLatents = false

  @Flag(help: .rare("As --cache-latents, and keep them beside the pictures."))
  var cacheLatentsToDisk = false

  @Flag(help: .rare("Encode each caption once (done whenever it can be)."))
  var cacheTextEncoderOutputs = false

  @Flag(help: .rare("Keep encoded captions beside the pictures."))
  var cacheTextEncoderOutputsToDisk = false
}

/// The sizes that pictures are brought to; one data set of a `--dataset-config` may set them.
struct BucketOptions: ParsableArguments {
  @Flag(help: .usual("Group pictures by shape instead of cropping all to one.")) var enableBucket =
    false

  @Flag(help: .usual("Never enlarge a picture.")) var bucketNoUpscale = false

  @Option(.side, help: .usual("Least side of a bucket.", "pixels")) var minBucketReso = 256

  @Option(.side, help: .usual("Largest side of a bucket.", "pixels")) var maxBucketReso = 1024

  @Option(.bucketStep, help: .usual("Sides of buckets are multiples of this.", "pixels"))
  var bucketResoSteps =
    64
}

/// The changes to captions and pictures; one folder of a `--dataset-config` may set them.
struct SubsetOptions: ParsableArguments {
  @Option(
    name: [.customLong("caption-extension"), .customLong("caption-extention")],
    help: .usual("Files with captions. (default: .caption, else .txt)", "ext"))
  var captionExtension: String?

  @Flag(help: .usual("Shuffle the tags of a caption at each use.")) var shuffleCaption = false

  @Option(help: .rare("What stands between tags.", "text")) var captionSeparator = ","

  @Option(.keptTokens, help: .usual("Tags at the front that stay in place.", "n")) var keepTokens =
    0

  @Flag(help: .rare("Choose among {a|b} and among the lines of a caption.")) var enableWildcard =
    false

  @Option(help: .rare("Put before each caption.", "text")) var captionPrefix: String?

  @Option(help: .rare("Put after each caption.", "text")) var captionSuffix: String?

  @Option(.share, help: .rare("Share of captions left out.", "share")) var captionDropoutRate = 0.0

  @Option(.whole(0...1_000_000), help: .rare("Leave all captions out in each n-th epoch.", "n"))
  var captionDropoutEveryNEpochs = 0

  @Option(.share, help: .rare("Share of tags left out.", "share")) var captionTagDropoutRate = 0.0

  @Flag(help: .usual("Mirror pictures half of the time.")) var flipAug = false

  @Flag(help: .rare("Crop at random places, not at the centre.")) var randomCrop = false

  @Flag(help: .rare("Weigh the loss by the alpha channel.")) var alphaMask = false

  @Option(
    .color,
    help: .rare("What lies behind transparent pixels: white, black, grey or #ff8000.", "colour"))
  var background = Color.white

  @Option(help: .rare("How pictures are resized. (default: area or lanczos)", "filter"))
  var resizeInterpolation: Interpolation?
}
