import Adapters
import Datasets
import Diffusion
import Files
import Images

extension TrainingMetadata.BaseSummary {
  /// Describes an open model; a file is hashed, which reads all of it.
  init(_ model: PretrainedModel, _ options: TrainingOptions) {
    family = model.kind.baseModel
    predictsVelocity = options.model.vParameterization || model.predictsVelocity == true
    name = Path(model.path).name
    let hashes =
      options.metadata.noMetadata || options.machine.dryRun ? nil : checkpointHashes(model.path)
    legacyHash = hashes?.legacy
    sha256 = hashes?.whole
    vae = options.model.vae.map { path in
      let hashes = options.machine.dryRun ? nil : checkpointHashes(path)
      return VAE(name: Path(path).name, legacyHash: hashes?.legacy, sha256: hashes?.whole)
    }
  }
}

extension DatasetSummary {
  init(_ data: TrainingData, isConfigured: Bool) {
    self.init(parts: data.datasets.map(Part.init), isConfigured: isConfigured)
  }
}

extension DatasetSummary.Part {
  init(_ dataset: Dataset) {
    let settings = dataset.settings
    self.init(
      batchCount: settings.batchSize, trainingPictures: dataset.trainImageCount,
      regularisationPictures: dataset.regImageCount, resolution: settings.resolution,
      enableBucket: settings.enableBucket, bucketNoUpscale: settings.bucketNoUpscale,
      minBucketReso: settings.minBucketReso, maxBucketReso: settings.maxBucketReso,
      buckets: dataset.buckets.map {
        DatasetSummary.Bucket(resolution: $0.size, count: $0.pictures.count)
      }, meanAspectError: dataset.meanAspectError,
      tags: settings.subsets.indices.map { index in
        DatasetSummary.TagCounts(
          folder: settings.subsets[index].name, tags: dataset.tagFrequency(ofSubset: index))
      },
      folders: settings.subsets.enumerated().map { index, subset in
        DatasetSummary.Folder(
          subset, pictures: dataset.pictures.count { $0.subset == index })
      })
  }
}

extension DatasetSummary.Folder {
  fileprivate init(_ subset: DatasetConfiguration.Subset, pictures: Int) {
    self.init(
      name: subset.name, classTokens: subset.classTokens, isRegularisation: subset.isReg,
      repeats: subset.numRepeats, pictures: pictures,
      captions: DatasetSummary.CaptionSettings(
        flipAug: subset.flipAug, randomCrop: subset.randomCrop,
        shuffleCaption: subset.caption.shuffleCaption, keepTokens: subset.caption.keepTokens,
        enableWildcard: subset.caption.enableWildcard, prefix: subset.caption.captionPrefix,
        suffix: subset.caption.captionSuffix, interpolation: subset.resizeInterpolation))
  }
}

extension DatasetConfiguration.Subset {
  /// The folder's own name; that of the only picture, or `images`, for pictures by name.
  fileprivate var name: String {
    let path =
      switch source {
      case .folder(let path): path
      case .files(let files): files.count == 1 ? files[0] : "images"
      }
    return Path(path).name
  }
}

/// The checksums that sd-scripts records of a checkpoint: of 64 KiB from 1 MiB on, and of all.
///
/// - Returns: nil for a folder.
func checkpointHashes(_ path: String) -> (legacy: String, whole: String)? {
  guard FileKind(path: path).isRegular, let file = try? MappedFile(path: path, atMost: .max) else {
    return nil
  }
  return file.withBytes { (legacyHash(header: [], data: $0), SHA256.hex(of: $0)) }
}
