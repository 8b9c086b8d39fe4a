import Datasets
import Files
import Images
import JSON

extension TrainingData {
  /// The entries of metadata that are about the pictures.
  ///
  /// - Parameter isConfigured: Whether a `--dataset-config` described them.
  func metadata(isConfigured: Bool) -> [(key: String, value: String)] {
    let totals = [
      ("ss_num_train_images", PythonText.of(trainImageCount)),
      ("ss_num_reg_images", PythonText.of(regImageCount)),
      ("ss_num_validation_images", "0"),
    ]
    if !isConfigured, let dataset = datasets.first { return totals + dataset.metadata }
    let tags = Self.numbered(datasets.flatMap(\.tagMembers))
    let folders = Self.numbered(datasets.flatMap { $0.directories(false) })
    return totals + [
      ("ss_datasets", OrderedJSON.array(datasets.map(\.json)).dumped),
      ("ss_tag_frequency", OrderedJSON.object(tags).dumped),
      ("ss_dataset_dirs", OrderedJSON.object(folders).dumped),
    ]
  }

  /// A key that comes again gets a number: `100_girl (2)`.
  private static func numbered(_ members: [OrderedJSON.Member]) -> [OrderedJSON.Member] {
    var seen: [String: Int] = [:]
    return members.map { member in
      let count = seen[member.key, default: 0] + 1
      seen[member.key] = count
      return count == 1 ? member : OrderedJSON.Member("\(member.key) (\(count))", member.value)
    }
  }
}

extension Dataset {
  /// The entries where options, not a `--dataset-config`, describe the pictures.
  fileprivate var metadata: [(key: String, value: String)] {
    let first = settings.subsets.first
    let isInBuckets = settings.enableBucket
    return [
      ("ss_batch_size_per_device", PythonText.of(settings.batchSize)),
      ("ss_resolution", PythonText.of(settings.resolution)),
      ("ss_color_aug", "False"),
      ("ss_flip_aug", PythonText.of(first?.flipAug ?? false)),
      ("ss_random_crop", PythonText.of(first?.randomCrop ?? false)),
      ("ss_shuffle_caption", PythonText.of(first?.caption.shuffleCaption ?? false)),
      ("ss_enable_bucket", PythonText.of(isInBuckets)),
      ("ss_bucket_no_upscale", PythonText.of(settings.bucketNoUpscale)),
      ("ss_min_bucket_reso", PythonText.of(isInBuckets ? settings.minBucketReso : nil)),
      ("ss_max_bucket_reso", PythonText.of(isInBuckets ? settings.maxBucketReso : nil)),
      ("ss_keep_tokens", PythonText.of(first?.caption.keepTokens ?? 0)),
      ("ss_dataset_dirs", OrderedJSON.object(directories(false)).dumped),
      ("ss_reg_dataset_dirs", OrderedJSON.object(directories(true)).dumped),
      ("ss_tag_frequency", OrderedJSON.object(tagMembers).dumped),
      ("ss_bucket_info", bucketInfo.dumped),
    ]
  }

  fileprivate var tagMembers: [OrderedJSON.Member] {
    settings.subsets.enumerated().map { index, subset in
      let tags = tagFrequency(ofSubset: index)
      return .init(subset.name, .object(tags.map { .init($0.tag, .integer($0.count)) }))
    }
  }

  fileprivate func directories(_ isRegularisation: Bool) -> [OrderedJSON.Member] {
    settings.subsets.enumerated().filter { $0.element.isReg == isRegularisation }
      .map { index, subset in
        .init(
          subset.name,
          .object([
            .init("n_repeats", .integer(subset.numRepeats)),
            .init("img_count", .integer(pictureCount(ofSubset: index))),
          ]))
      }
  }

  private func pictureCount(ofSubset number: Int) -> Int { pictures.count { $0.subset == number } }

  private var bucketInfo: OrderedJSON {
    guard settings.enableBucket else { return .null }
    let members = buckets.enumerated().map { index, bucket in
      OrderedJSON.Member(
        "\(index)",
        .object([
          .init("resolution", list(bucket.size)),
          .init("count", .integer(bucket.pictures.count)),
        ]))
    }
    return .object([
      .init("buckets", .object(members)), .init("mean_img_ar_error", .number(meanAspectError)),
    ])
  }

  /// One element of `ss_datasets`.
  fileprivate var json: OrderedJSON {
    .object([
      .init("is_dreambooth", .boolean(true)),
      .init("batch_size_per_device", .integer(settings.batchSize)),
      .init("num_train_images", .integer(trainImageCount)),
      .init("num_reg_images", .integer(regImageCount)),
      .init("resolution", list(settings.resolution)),
      .init("enable_bucket", .boolean(settings.enableBucket)),
      .init("min_bucket_reso", .integer(settings.minBucketReso)),
      .init("max_bucket_reso", .integer(settings.maxBucketReso)),
      .init("tag_frequency", .object(tagMembers)),
      .init("bucket_info", bucketInfo),
      .init("resize_interpolation", text(settings.subsets.first?.resizeInterpolation?.rawValue)),
      .init(
        "subsets",
        .array(
          settings.subsets.enumerated().map { $1.json(pictures: pictureCount(ofSubset: $0)) })),
    ])
  }
}

extension DatasetConfiguration.Subset {
  /// One element of `subsets`.
  fileprivate func json(pictures: Int) -> OrderedJSON {
    .object([
      .init("img_count", .integer(pictures)), .init("num_repeats", .integer(numRepeats)),
      .init("color_aug", .boolean(false)), .init("flip_aug", .boolean(flipAug)),
      .init("random_crop", .boolean(randomCrop)),
      .init("shuffle_caption", .boolean(caption.shuffleCaption)),
      .init("keep_tokens", .integer(caption.keepTokens)),
      .init("keep_tokens_separator", .string("")), .init("secondary_separator", .null),
      .init("enable_wildcard", .boolean(caption.enableWildcard)),
      .init("caption_prefix", text(caption.captionPrefix)),
      .init("caption_suffix", text(caption.captionSuffix)),
      .init("resize_interpolation", text(resizeInterpolation?.rawValue)),
      .init("image_dir", .string(name)), .init("class_tokens", text(classTokens)),
      .init("is_reg", .boolean(isReg)),
    ])
  }

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

private func list(_ size: PixelSize) -> OrderedJSON {
  .array([.integer(size.width), .integer(size.height)])
}

private func text(_ string: String?) -> OrderedJSON { string.map { .string($0) } ?? .null }
