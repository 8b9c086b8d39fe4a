import Images

/// Counts the pictures of a subset that are turned, enlarged or cropped, for a note to the user.
struct PictureTally {
  private var turned: [String] = []
  private var enlarged: [TrainingPicture] = []
  private var cropped: [TrainingPicture] = []

  /// The first one that shows what lies behind it.
  private var transparent: String?

  mutating func count(
    _ picture: TrainingPicture, _ header: PictureHeader, of subset: DatasetConfiguration.Subset
  ) throws(DatasetError) {
    if header.orientation.note != nil { turned.append(picture.file) }
    if picture.choice.isEnlarged(picture.size) { enlarged.append(picture) }
    if !subset.randomCrop, picture.choice.isCropped { cropped.append(picture) }
    if transparent == nil, header.hasAlpha, !subset.alphaMask,
      try TrainingPicture.decode(picture.file).isTransparent
    {
      transparent = picture.file
    }
  }

  func report(_ subset: DatasetConfiguration.Subset, to warnings: inout [String]) {
    if let first = turned.first {
      warnings.append(
        "\(Self.naming(first, turned.count)): turned as EXIF asks (sd-scripts does not)")
    }
    if let first = enlarged.first {
      warnings.append(
        "\(Self.naming(first.file, enlarged.count)): \(first.size), enlarged to "
          + "\(first.choice.resized); a lower --resolution, or --enable-bucket with "
          + "--bucket-no-upscale, trains it as it is")
    }
    if let first = cropped.first {
      warnings.append(
        "\(Self.naming(first.file, cropped.count)): \(first.size), cropped to its middle, "
          + "\(first.choice.bucket) of \(first.choice.resized); --enable-bucket keeps its shape")
    }
    if let transparent {
      warnings.append(
        "\(transparent): transparent in parts, which are trained on as \(subset.background); "
          + "--background gives another colour, --alpha-mask leaves them out of the loss")
    }
  }

  /// The one file, or the first of several.
  private static func naming(_ first: String, _ count: Int) -> String {
    count == 1 ? first : "\(count) pictures, \(first) first"
  }
}

extension BucketRules.Choice {
  /// Whether a picture of this size becomes more than a tenth larger.
  func isEnlarged(_ size: PixelSize) -> Bool {
    resized.width * 10 > size.width * 11 && resized.height * 10 > size.height * 11
  }

  /// Whether more than a tenth of it is cut off.
  var isCropped: Bool {
    bucket.width * bucket.height * 10 < resized.width * resized.height * 9
  }
}
