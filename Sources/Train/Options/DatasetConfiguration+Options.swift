import Datasets
import Images
import JSON
import TOML

extension DatasetConfiguration {
  /// The data that `--image`, or `--data` with `--reg-data-dir`, ask for.
  ///
  /// - Parameters:
  ///   - resolution: Where none is asked for, the model's own.
  ///   - warnings: What is left out, and why.
  init(
    _ options: TrainingOptions, resolution: PixelSize, warnings: inout [String]
  ) throws {
    var dataset = Dataset(options, resolution)
    let template = Subset(options.subset)
    if !options.run.image.isEmpty {
      var subset = template
      subset.source = .files(options.run.image)
      subset.numRepeats =
        options.run.repeats
        ?? min(options.run.maxTrainSteps, TrainingData.epochLimit / options.run.image.count)
      dataset.subsets = [subset]
    } else if let folder = options.run.trainDataDir {
      dataset.subsets = try ImageFolder.subsets(in: folder, like: template, warnings: &warnings)
      if dataset.subsets.isEmpty {
        throw DatasetError.noPictures(
          "\(folder): holds no folder named like 100_girl; put the pictures into one")
      }
      var regularising = template
      regularising.isReg = true
      if let folder = options.data.regDataDir {
        dataset.subsets += try ImageFolder.subsets(
          in: folder, like: regularising, warnings: &warnings)
      }
    } else {
      throw KeyedArguments.error(
        "there is nothing to train on; give --image FILE, --data FOLDER or --dataset-config FILE")
    }
    self.init(datasets: [dataset])
  }
}

extension DatasetConfiguration.Dataset {
  init(_ options: TrainingOptions, _ resolution: PixelSize) {
    self.init(options.run.resolution ?? resolution)
    batchSize = options.run.trainBatchSize
    enableBucket = options.buckets.enableBucket
    bucketNoUpscale = options.buckets.bucketNoUpscale
    bucketResoSteps = options.buckets.bucketResoSteps
    minBucketReso = options.buckets.minBucketReso
    maxBucketReso = options.buckets.maxBucketReso
  }
}

extension DatasetConfiguration.Subset {
  /// Everything but the pictures.
  init(_ options: SubsetOptions) {
    self.init(.files([]))
    captionExtension = options.captionExtension
    alphaMask = options.alphaMask
    background = options.background
    flipAug = options.flipAug
    randomCrop = options.randomCrop
    resizeInterpolation = options.resizeInterpolation
    caption.captionPrefix = options.captionPrefix
    caption.captionSuffix = options.captionSuffix
    caption.captionDropoutRate = options.captionDropoutRate
    caption.captionDropoutEveryNEpochs = options.captionDropoutEveryNEpochs
    caption.enableWildcard = options.enableWildcard
    caption.shuffleCaption = options.shuffleCaption
    caption.captionSeparator = options.captionSeparator
    caption.keepTokens = options.keepTokens
    caption.captionTagDropoutRate = options.captionTagDropoutRate
  }
}

extension TOMLTable {
  /// Reads a `--dataset-config` written as JSON: the same tables and lists, without lines.
  init(json bytes: [UInt8], file: String) throws(OptionsError) {
    guard case .object(let fields)? = JSONValue(parsing: bytes)
    else { throw OptionsError(place: file, reason: .unusable("is no JSON object")) }
    self.init(fields)
  }

  fileprivate init(_ fields: [String: JSONValue]) {
    self.init(
      fields.sorted { $0.key < $1.key }.compactMap { key, value in
        TOMLValue(value).map { (key, $0) }
      })
  }
}

extension TOMLValue {
  /// - Returns: nil for `null`, which sets nothing.
  init?(_ value: JSONValue) {
    switch value {
    case .null: return nil
    case .boolean(let isOn): self = .boolean(isOn)
    case .integer(let number): self = .integer(number)
    case .number(let number): self = .float(number)
    case .string(let text): self = .string(text)
    case .array(let values): self = .array(values.compactMap(TOMLValue.init))
    case .object(let fields): self = .table(TOMLTable(fields))
    }
  }
}
