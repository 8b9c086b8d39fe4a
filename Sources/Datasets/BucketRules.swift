package import Images

/// The sizes that the pictures of a data set are brought to.
///
/// Source: sd-scripts' BucketManager and make_bucket_resolutions.
package struct BucketRules: Hashable, Sendable {
  private let resolution: PixelSize
  private let step: Int
  private let enlarges: Bool

  /// The sizes to choose from, sorted; empty where each picture has its own.
  let sizes: [PixelSize]

  /// Notes on settings that were rounded.
  let warnings: [String]

  init(_ settings: DatasetConfiguration.Dataset) throws(DatasetError) {
    resolution = settings.resolution
    step = settings.bucketResoSteps
    enlarges = !(settings.enableBucket && settings.bucketNoUpscale)
    guard resolution.width % 8 == 0, resolution.height % 8 == 0, resolution.width > 0,
      resolution.height > 0
    else {
      throw .resolution(
        "resolution \(resolution) is not in multiples of 8 pixels, which one latent covers; "
          + "round it")
    }
    if settings.enableBucket, step <= 0 || step % 8 != 0 {
      throw .resolution("--bucket-reso-steps \(step) is not a multiple of 8; 64 is usual")
    }
    guard settings.enableBucket, enlarges else {
      (sizes, warnings) = (settings.enableBucket ? [] : [resolution], [])
      return
    }
    let least = settings.minBucketReso / step * step
    let most = (settings.maxBucketReso + step - 1) / step * step
    var warnings: [String] = []
    if least != settings.minBucketReso || most != settings.maxBucketReso {
      warnings.append("bucket sides from \(least) to \(most), the nearest multiples of \(step)")
    }
    self.warnings = warnings
    let (short, long) = (
      min(resolution.width, resolution.height), max(resolution.width, resolution.height)
    )
    guard 0 < least, least <= short else {
      throw .resolution(
        "the least bucket side \(settings.minBucketReso) does not fit the resolution \(resolution); "
          + "give --min-bucket-reso from \(step) to \(short)")
    }
    guard most >= long else {
      throw .resolution(
        "the largest bucket side \(settings.maxBucketReso) does not fit the resolution "
          + "\(resolution); give --max-bucket-reso \(long) or more")
    }
    sizes = Self.sizes(area: resolution.width * resolution.height, step, from: least, to: most)
  }

  private static func sizes(
    area: Int, _ step: Int, from least: Int, to most: Int
  ) -> [PixelSize] {
    let square = Int(Double(area).squareRoot()) / step * step
    var sizes: Set = [PixelSize(width: square, height: square)]
    for side in stride(from: least, through: most, by: step) {
      let other = min(most, area / side / step * step)
      if other >= least {
        sizes.insert(PixelSize(width: side, height: other))
        sizes.insert(PixelSize(width: other, height: side))
      }
    }
    return sizes.sorted()
  }

  /// The bucket of a picture, and the size that it is resized to.
  package struct Choice: Hashable {
    package let bucket: PixelSize

    /// The size it is resized to, before it is cropped to the bucket's.
    package let resized: PixelSize

    /// Width over height of the bucket less that of the picture.
    let aspectError: Double
  }

  /// - Parameter file: Named where the size is impossible.
  func choice(for size: PixelSize, file: String) throws(DatasetError) -> Choice {
    let (bucket, resized) = enlarges ? nearest(to: size) : try shrunk(size, file: file)
    return Choice(
      bucket: bucket, resized: resized, aspectError: bucket.aspectRatio - size.aspectRatio)
  }

  /// The listed bucket of the most similar shape, which the picture is resized to cover.
  private func nearest(to size: PixelSize) -> (bucket: PixelSize, resized: PixelSize) {
    func error(_ bucket: PixelSize) -> Double { abs(bucket.aspectRatio - size.aspectRatio) }
    let bucket =
      sizes.contains(size) ? size : sizes.min { error($0) < error($1) } ?? resolution
    let scale =
      size.aspectRatio > bucket.aspectRatio
      ? Double(bucket.height) / Double(size.height) : Double(bucket.width) / Double(size.width)
    let resized = PixelSize(
      width: max(bucket.width, rounded(Double(size.width) * scale)),
      height: max(bucket.height, rounded(Double(size.height) * scale)))
    return (bucket, resized)
  }

  /// The picture's own size, or a smaller one of no more pixels than the resolution, down to
  /// multiples of the step.
  private func shrunk(
    _ size: PixelSize, file: String
  ) throws(DatasetError) -> (bucket: PixelSize, resized: PixelSize) {
    let resized =
      size.width * size.height > resolution.width * resolution.height
      ? shrunkToArea(size.aspectRatio) : size
    guard let resized, resized.width >= step, resized.height >= step else {
      throw .bucket(
        file: file, size,
        "leave no bucket in steps of \(step) at the resolution \(resolution); crop the picture, "
          + "or choose a larger resolution or smaller --bucket-reso-steps")
    }
    return (PixelSize(width: floored(resized.width), height: floored(resized.height)), resized)
  }

  /// The one of two sizes with one side in whole steps that is nearer to the picture's shape;
  /// nil where a side would vanish.
  private func shrunkToArea(_ aspectRatio: Double) -> PixelSize? {
    let area = Double(resolution.width * resolution.height)
    let width = (area * aspectRatio).squareRoot()
    let byWidth = floored(rounded(width))
    let heightThere = floored(rounded(Double(byWidth) / aspectRatio))
    let byHeight = floored(rounded(area / width))
    let widthThere = floored(rounded(Double(byHeight) * aspectRatio))
    guard heightThere > 0, byHeight > 0 else { return nil }
    let widthError = abs(Double(byWidth) / Double(heightThere) - aspectRatio)
    let heightError = abs(Double(widthThere) / Double(byHeight) - aspectRatio)
    return widthError < heightError
      ? PixelSize(width: byWidth, height: rounded(Double(byWidth) / aspectRatio))
      : PixelSize(width: rounded(Double(byHeight) * aspectRatio), height: byHeight)
  }

  private func rounded(_ value: Double) -> Int { Int(value + 0.5) }
  private func floored(_ value: Int) -> Int { value - value % step }
}
