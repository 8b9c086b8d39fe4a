import Images
import JSON

/// The pictures of a run, as the metadata describe them.
struct DatasetSummary: Hashable {
  /// The number of times that each tag occurs in the captions of a folder, in the order of occurrence.
  struct TagCounts: Hashable {
    let folder: String
    let tags: [(tag: String, count: Int)]

    static func == (first: TagCounts, second: TagCounts) -> Bool {
      first.folder == second.folder
        && first.tags.elementsEqual(second.tags) { $0.tag == $1.tag && $0.count == $1.count }
    }

    func hash(into hasher: inout Hasher) {
      hasher.combine(folder)
      for tag in tags { hasher.combine(tag.tag) }
    }
  }

  /// A size that pictures are brought to, and how many are, repeats included.
  struct Bucket: Hashable {
    let resolution: PixelSize
    let count: Int
  }

  struct Folder: Hashable {
    let name: String
    let classTokens: String?
    let isRegularisation: Bool
    let repeats: Int
    let pictures: Int
    let captions: CaptionSettings
  }

  /// The options of a folder that the metadata record.
  struct CaptionSettings: Hashable {
    let flipAug: Bool
    let randomCrop: Bool
    let shuffleCaption: Bool
    let keepTokens: Int
    let enableWildcard: Bool
    let prefix: String?
    let suffix: String?
    let interpolation: Interpolation?
  }

  /// One data set: its own buckets and its own batches.
  struct Part: Hashable {
    let batchCount: Int

    /// Repeats included.
    let trainingPictures: Int
    let regularisationPictures: Int
    let resolution: PixelSize
    let enableBucket: Bool
    let bucketNoUpscale: Bool
    let minBucketReso: Int
    let maxBucketReso: Int

    /// Empty without buckets.
    let buckets: [Bucket]

    /// The mean distance of a picture's width over height from its bucket's.
    let meanAspectError: Double
    let tags: [TagCounts]
    let folders: [Folder]
  }

  let parts: [Part]

  /// Whether a `--dataset-config` described them.
  let isConfigured: Bool
}

extension DatasetSummary {
  /// The entries of metadata that are about the pictures.
  var entries: [(key: String, value: String)] {
    let totals = [
      ("ss_num_train_images", PythonText.of(parts.reduce(0) { $0 + $1.trainingPictures })),
      ("ss_num_reg_images", PythonText.of(parts.reduce(0) { $0 + $1.regularisationPictures })),
      ("ss_num_validation_images", "0"),
    ]
    if !isConfigured, let part = parts.first { return totals + part.entries }
    return totals + [
      ("ss_datasets", OrderedJSON.array(parts.map(\.json)).dumped),
      ("ss_tag_frequency", OrderedJSON.object(Self.numbered(parts.flatMap(\.tagMembers))).dumped),
      (
        "ss_dataset_dirs",
        OrderedJSON.object(Self.numbered(parts.flatMap { $0.directories(false) })).dumped
      ),
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

extension DatasetSummary.Part {
  /// The entries where options, not a `--dataset-config`, describe the pictures.
  fileprivate var entries: [(key: String, value: String)] {
    let captions = folders.first?.captions
    return [
      ("ss_batch_size_per_device", PythonText.of(batchCount)),
      ("ss_resolution", PythonText.of(resolution)),
      ("ss_color_aug", "False"),
      ("ss_flip_aug", PythonText.of(captions?.flipAug ?? false)),
      ("ss_random_crop", PythonText.of(captions?.randomCrop ?? false)),
      ("ss_shuffle_caption", PythonText.of(captions?.shuffleCaption ?? false)),
      ("ss_enable_bucket", PythonText.of(enableBucket)),
      ("ss_bucket_no_upscale", PythonText.of(bucketNoUpscale)),
      ("ss_min_bucket_reso", PythonText.of(enableBucket ? minBucketReso : nil)),
      ("ss_max_bucket_reso", PythonText.of(enableBucket ? maxBucketReso : nil)),
      ("ss_keep_tokens", PythonText.of(captions?.keepTokens ?? 0)),
      ("ss_dataset_dirs", OrderedJSON.object(directories(false)).dumped),
      ("ss_reg_dataset_dirs", OrderedJSON.object(directories(true)).dumped),
      ("ss_tag_frequency", OrderedJSON.object(tagMembers).dumped),
      ("ss_bucket_info", bucketInfo.dumped),
    ]
  }

  fileprivate var tagMembers: [OrderedJSON.Member] {
    tags.map { counts in
      .init(counts.folder, .object(counts.tags.map { .init($0.tag, .integer($0.count)) }))
    }
  }

  fileprivate func directories(_ isRegularisation: Bool) -> [OrderedJSON.Member] {
    folders.filter { $0.isRegularisation == isRegularisation }.map { folder in
      .init(
        folder.name,
        .object([
          .init("n_repeats", .integer(folder.repeats)),
          .init("img_count", .integer(folder.pictures)),
        ]))
    }
  }

  private var bucketInfo: OrderedJSON {
    guard enableBucket else { return .null }
    let members = buckets.enumerated().map { index, bucket in
      OrderedJSON.Member(
        "\(index)",
        .object([
          .init(
            "resolution",
            .array([.integer(bucket.resolution.width), .integer(bucket.resolution.height)])),
          .init("count", .integer(bucket.count)),
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
      .init("batch_size_per_device", .integer(batchCount)),
      .init("num_train_images", .integer(trainingPictures)),
      .init("num_reg_images", .integer(regularisationPictures)),
      .init("resolution", .array([.integer(resolution.width), .integer(resolution.height)])),
      .init("enable_bucket", .boolean(enableBucket)),
      .init("min_bucket_reso", .integer(minBucketReso)),
      .init("max_bucket_reso", .integer(maxBucketReso)),
      .init("tag_frequency", .object(tagMembers)),
      .init("bucket_info", bucketInfo),
      .init("resize_interpolation", text(folders.first?.captions.interpolation?.rawValue)),
      .init("subsets", .array(folders.map(\.json))),
    ])
  }
}

extension DatasetSummary.Folder {
  /// One element of `subsets`.
  fileprivate var json: OrderedJSON {
    .object([
      .init("img_count", .integer(pictures)), .init("num_repeats", .integer(repeats)),
      .init("color_aug", .boolean(false)), .init("flip_aug", .boolean(captions.flipAug)),
      .init("random_crop", .boolean(captions.randomCrop)),
      .init("shuffle_caption", .boolean(captions.shuffleCaption)),
      .init("keep_tokens", .integer(captions.keepTokens)),
      .init("keep_tokens_separator", .string("")), .init("secondary_separator", .null),
      .init("enable_wildcard", .boolean(captions.enableWildcard)),
      .init("caption_prefix", text(captions.prefix)),
      .init("caption_suffix", text(captions.suffix)),
      .init("resize_interpolation", text(captions.interpolation?.rawValue)),
      .init("image_dir", .string(name)), .init("class_tokens", text(classTokens)),
      .init("is_reg", .boolean(isRegularisation)),
    ])
  }
}

private func text(_ string: String?) -> OrderedJSON { string.map { .string($0) } ?? .null }
