/// The ways to resize a picture: the values of sd-scripts' `resize_interpolation`.
package enum Interpolation: String, CaseIterable, Sendable {
  /// Pillow's: three lobes, averaging where it shrinks.
  case lanczos
  case nearest
  case linear
  case bilinear
  case cubic
  case bicubic
  case area
}

extension Picture {
  /// The picture at another size, as sd-scripts resizes it; itself where the size is the same.
  ///
  /// Each way gives the bytes of the library that sd-scripts calls: OpenCV 4, or Pillow for
  /// `lanczos` (to version 12; 13 takes the axes in another order where one shrinks and the other
  /// grows). The cubic way may be off by 1 in a few pixels of a million.
  ///
  /// - Parameter interpolation: Nil takes `area` where neither side grows, else `lanczos`.
  package func resized(
    toWidth newWidth: Int, height newHeight: Int, by interpolation: Interpolation? = nil
  ) -> Picture {
    precondition(newWidth > 0 && newHeight > 0, "\(newWidth) × \(newHeight)")
    if newWidth == width && newHeight == height { return self }
    let shrinks = newWidth <= width && newHeight <= height
    return switch interpolation ?? (shrinks ? .area : .lanczos) {
    case .lanczos: lanczosResized(newWidth, newHeight)
    case .nearest: nearestResized(newWidth, newHeight)
    case .linear, .bilinear: linearResized(newWidth, newHeight)
    case .cubic, .bicubic: cubicResized(newWidth, newHeight)
    // OpenCV's area way is for shrinking; where a side grows it is another linear one.
    case .area: shrinks ? areaResized(newWidth, newHeight) : areaGrown(newWidth, newHeight)
    }
  }

  /// A picture of other pixels with this one's channels.
  func replaced(width: Int, height: Int, bytes: [UInt8]) -> Picture {
    Picture(width: width, height: height, channels: channels, bytes: bytes)
  }
}

/// For each target position, the source positions it is made of and their weights.
struct Taps<Weight> {
  /// Positions and weights of target i are those from `starts[i]` to `starts[i + 1]`.
  private(set) var starts = [0]
  private(set) var sources: [Int] = []
  private(set) var weights: [Weight] = []

  var count: Int { starts.count - 1 }

  mutating func append(_ taps: some Sequence<(source: Int, weight: Weight)>) {
    for tap in taps {
      sources.append(tap.source)
      weights.append(tap.weight)
    }
    starts.append(sources.count)
  }

  func range(_ target: Int) -> Range<Int> { starts[target]..<starts[target + 1] }
}

extension Picture {
  /// The sums of weighted pixels along rows and then along columns, in 32-bit floats in OpenCV's order.
  func weighted(_ columns: Taps<Float>, _ rows: Taps<Float>) -> Picture {
    let stride = columns.count * channels
    let middle = (0..<height).flatMap { weightedRow($0, columns) }
    var result: [UInt8] = []
    result.reserveCapacity(rows.count * stride)
    for y in 0..<rows.count {
      for x in 0..<stride {
        var sum: Float = 0
        for tap in rows.range(y) {
          sum += middle[rows.sources[tap] * stride + x] * rows.weights[tap]
        }
        result.append(sum.roundedToByte)
      }
    }
    return replaced(width: columns.count, height: rows.count, bytes: result)
  }

  private func weightedRow(_ y: Int, _ columns: Taps<Float>) -> [Float] {
    let start = offset(x: 0, y: y)
    var row: [Float] = []
    row.reserveCapacity(columns.count * channels)
    for x in 0..<columns.count {
      for channel in 0..<channels {
        var sum: Float = 0
        for tap in columns.range(x) {
          sum +=
            Float(bytes[start + columns.sources[tap] * channels + channel]) * columns.weights[tap]
        }
        row.append(sum)
      }
    }
    return row
  }
}

extension Float {
  /// Rounded to the nearest whole value, ties to even, within 0...255.
  var roundedToByte: UInt8 {
    UInt8(Swift.min(255, Swift.max(0, rounded(.toNearestOrEven))))
  }
}
