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
    differing = map.values.count { $0 > 0 }
    extent = map.extent { $0 > 0 }
    changed = map.values.count { $0 > Self.noiseLimit }
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

/// The distance of two pictures of one size, over all their pixels or some.
package struct PictureDistance: Hashable, Sendable, Encodable {
  /// The mean difference per channel, as a share of the full range: 0...1.
  package let mean: Double

  /// The share of pixels with a channel that differs by more than a tenth of the range.
  package let share: Double

  /// - Parameters:
  ///   - isCounted: Which pixels count; of none, the distance is 0.
  /// - Complexity: O(pixels).
  package init(
    from first: Picture, to second: Picture, where isCounted: (_ x: Int, _ y: Int) -> Bool
  ) {
    precondition(first.size == second.size, "\(first.size) and \(second.size)")
    var (sum, clear, count) = (0, 0, 0)
    for y in 0..<first.height {
      for x in 0..<first.width where isCounted(x, y) {
        let (here, there) = (first.offset(x: x, y: y), second.offset(x: x, y: y))
        let differences = (0..<3).map {
          abs(Int(first.bytes[here + $0]) - Int(second.bytes[there + $0]))
        }
        sum += differences.reduce(0, +)
        clear += (differences.max() ?? 0) * 10 > 255 ? 1 : 0
        count += 1
      }
    }
    mean = count == 0 ? 0 : Double(sum) / Double(3 * 255 * count)
    share = count == 0 ? 0 : Double(clear) / Double(count)
  }

  package init(from first: Picture, to second: Picture) {
    self.init(from: first, to: second) { _, _ in true }
  }

  package init(meanOf distances: [PictureDistance]) {
    let count = Double(max(1, distances.count))
    mean = distances.reduce(0) { $0 + $1.mean } / count
    share = distances.reduce(0) { $0 + $1.share } / count
  }
}
