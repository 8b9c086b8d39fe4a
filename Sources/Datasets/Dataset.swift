package import Images

/// A data set that was read: its pictures, sorted into buckets.
package struct Dataset: Hashable, Sendable {
  package let settings: DatasetConfiguration.Dataset

  /// In the order of subsets and names; regularisation pictures come last.
  package let pictures: [TrainingPicture]

  /// Sorted by size; each holds its pictures as often as they are repeated.
  package let buckets: [Bucket]

  /// Repeats included (`ss_num_train_images`, `ss_num_reg_images`).
  package let trainImageCount: Int
  package let regImageCount: Int

  package struct Bucket: Hashable, Sendable {
    package let size: PixelSize

    /// Places in `pictures`.
    package let pictures: [Int]
  }

  init(
    _ settings: DatasetConfiguration.Dataset, warnings: inout [String]
  ) throws(DatasetError) {
    precondition(settings.batchSize > 0, "batches of \(settings.batchSize)")
    self.settings = settings
    let rules = try BucketRules(settings)
    warnings += rules.warnings
    if settings.bucketNoUpscale, !settings.enableBucket {
      warnings.append("--bucket-no-upscale does nothing without --enable-bucket")
    }
    var training: [TrainingPicture] = []
    var regularizing: [TrainingPicture] = []
    for (number, subset) in settings.subsets.enumerated() {
      let found = try TrainingPicture.all(of: subset, number: number, rules, warnings: &warnings)
      if found.isEmpty, case .folder(let folder) = subset.source {
        warnings.append("\(folder): no pictures")
      }
      if subset.isReg { regularizing += found } else { training += found }
    }
    for pictures in [training, regularizing] {
      let count = pictures.reduce(0) { $0 + $1.repeats }
      guard count <= TrainingData.epochLimit else { throw .tooManyPictures(count) }
    }
    trainImageCount = training.map(\.repeats).reduce(0, +)
    regImageCount = regularizing.map(\.repeats).reduce(0, +)
    pictures = training + Self.spread(regularizing, over: trainImageCount)
    buckets = Self.buckets(pictures)
  }

  /// Regularisation pictures, repeated in turn until there are as many as training pictures; the
  /// first turn gives each its own repeats, and who is not reached is left out.
  private static func spread(_ pictures: [TrainingPicture], over count: Int) -> [TrainingPicture] {
    var used: [TrainingPicture] = []
    var total = 0
    for picture in pictures where total < count {
      used.append(picture)
      total += picture.repeats
    }
    guard !used.isEmpty, total < count else { return used }
    for extra in 0..<count - total { used[extra % used.count].repeats += 1 }
    return used
  }

  private static func buckets(_ pictures: [TrainingPicture]) -> [Bucket] {
    var members: [PixelSize: [Int]] = [:]
    for (index, picture) in pictures.enumerated() {
      members[picture.choice.bucket, default: []] += Array(repeating: index, count: picture.repeats)
    }
    return members.sorted { $0.key < $1.key }.map { Bucket(size: $0.key, pictures: $0.value) }
  }

  /// Batches in an epoch; the last of each bucket may be smaller than the others.
  var batchesPerEpoch: Int {
    buckets.map { ($0.pictures.count + settings.batchSize - 1) / settings.batchSize }
      .reduce(0, +)
  }

  /// The mean distance of the pictures' width over height from that of their buckets, each
  /// picture counted once (`mean_img_ar_error`).
  package var meanAspectError: Double {
    pictures.isEmpty
      ? 0 : pictures.map { abs($0.choice.aspectError) }.reduce(0, +) / Double(pictures.count)
  }

  package func subset(of picture: TrainingPicture) -> DatasetConfiguration.Subset {
    settings.subsets[picture.subset]
  }

  /// The number of times that each tag stands in the captions of a subset, in the order of appearance
  /// (`ss_tag_frequency`).
  package func tagFrequency(ofSubset number: Int) -> [(tag: String, count: Int)] {
    var counts: [String: Int] = [:]
    var order: [String] = []
    for picture in pictures where picture.subset == number {
      for piece in picture.caption.split(separator: ",") {
        let tag = trimmed(piece).lowercased()
        guard !tag.isEmpty else { continue }
        if counts[tag] == nil { order.append(tag) }
        counts[tag, default: 0] += 1
      }
    }
    return order.map { ($0, counts[$0] ?? 0) }
  }
}
