/// The difference of two pictures: the change that a slider is trained on, and any other changes.
///
/// A pixel differs by the largest difference of its channels. Differences of up to `noiseLimit`
/// are what compression makes of the same picture; larger ones are taken for intended.
package struct PictureDifference: Hashable, Sendable {
  /// In steps of 255: more than JPEG at usual qualities or a colour conversion leaves, less than
  /// an edit that can be seen.
  package static let noiseLimit = 12

  /// Sizes as given; where they differ, the second picture was resized to the first for the rest.
  package let firstSize: PixelSize
  package let secondSize: PixelSize

  /// Pixels that were compared.
  package let pixelCount: Int

  /// Pixels that differ at all, and the rectangle around them.
  package let differing: Int
  package let extent: PixelRectangle?

  /// Pixels that differ by more than `noiseLimit`, in connected regions, largest first.
  package let changed: Int
  package let regions: [Region]

  /// The rectangle around all regions.
  package let changedExtent: PixelRectangle?

  /// Pixels that differ, by `noiseLimit` at most, and lie away from every change.
  package let scattered: Int

  /// The largest of their differences, in steps of 255.
  package let largestScattered: Int

  /// Pixels that hang together, corners included.
  package struct Region: Hashable, Sendable {
    package let count: Int
    package let extent: PixelRectangle
  }

  /// - Parameter sizes: Those of the files, where the pictures were resized since.
  package init(
    from first: Picture, to second: Picture, givenAs sizes: (PixelSize, PixelSize)? = nil
  ) {
    (firstSize, secondSize) = sizes ?? (first.size, second.size)
    let other = second.resized(toWidth: first.width, height: first.height)
    let map = DifferenceMap(first, other)
    pixelCount = first.width * first.height
    differing = map.count { $0 > 0 }
    extent = map.extent { $0 > 0 }
    changed = map.count { $0 > Self.noiseLimit }
    regions = map.regions { $0 > Self.noiseLimit }
    changedExtent = map.extent { $0 > Self.noiseLimit }
    // the soft edge of a change belongs to it
    let margin = max(2, min(first.width, first.height) / 32)
    let near = changedExtent?.grown(by: margin)
    let away = map.values.indices.filter { index in
      let value = map.values[index]
      let isNear = near?.contains(x: index % map.width, y: index / map.width) ?? false
      return value > 0 && value <= Self.noiseLimit && !isNear
    }
    scattered = away.count
    largestScattered = away.map { map.values[$0] }.max() ?? 0
  }

  package var sizesDiffer: Bool { firstSize != secondSize }

  /// The share of pixels that differ at all, 0…1.
  package var share: Double { Double(differing) / Double(pixelCount) }
}

/// A rectangle of pixels, at least one.
package struct PixelRectangle: Hashable, Sendable {
  package let columns: ClosedRange<Int>
  package let rows: ClosedRange<Int>

  package func contains(x: Int, y: Int) -> Bool { columns.contains(x) && rows.contains(y) }

  func grown(by margin: Int) -> PixelRectangle {
    PixelRectangle(
      columns: columns.lowerBound - margin...columns.upperBound + margin,
      rows: rows.lowerBound - margin...rows.upperBound + margin)
  }
}

extension PixelRectangle: CustomStringConvertible {
  package var description: String {
    "\(columns.count) × \(rows.count) at (\(columns.lowerBound), \(rows.lowerBound))"
  }
}
