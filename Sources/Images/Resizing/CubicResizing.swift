// OpenCV's INTER_CUBIC as its x86 builds compute it, in 32-bit floats: four of each axis, no
// averaging, a = -0.75 (Keys, 1981).
extension Picture {
  func cubicResized(_ newWidth: Int, _ newHeight: Int) -> Picture {
    let columns = Self.cubicTaps(from: width, to: newWidth)
    let rows = Self.cubicTaps(from: height, to: newHeight)
    let stride = newWidth * channels
    let middle = (0..<height).flatMap { cubicRow($0, columns) }
    var result: [UInt8] = []
    result.reserveCapacity(newHeight * stride)
    for y in 0..<newHeight {
      for x in 0..<stride {
        var sum: Float = 0
        for tap in rows.range(y) {
          sum += middle[rows.sources[tap] * stride + x] * rows.weights[tap]
        }
        result.append(sum.roundedToByte)
      }
    }
    return replaced(width: newWidth, height: newHeight, bytes: result)
  }

  private func cubicRow(_ y: Int, _ columns: Taps<Float>) -> [Float] {
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

  private static func cubicTaps(from count: Int, to newCount: Int) -> Taps<Float> {
    let scale = Double(count) / Double(newCount)
    var taps = Taps<Float>()
    for target in 0..<newCount {
      if count == newCount {
        taps.append([(source: target, weight: Float(1))])
        continue
      }
      let position = Float((Double(target) + 0.5) * scale - 0.5)
      let source = Int(position.rounded(.down))
      let weights = cubicWeights(position - Float(source))
      taps.append(
        weights.enumerated().map { step, weight in
          (source: max(0, min(count - 1, source - 1 + step)), weight: weight)
        })
    }
    return taps
  }

  private static func cubicWeights(_ x: Float) -> [Float] {
    let a: Float = -0.75
    let far = ((a * (x + 1) - 5 * a) * (x + 1) + 8 * a) * (x + 1) - 4 * a
    let near = ((a + 2) * x - (a + 3)) * x * x + 1
    let next = ((a + 2) * (1 - x) - (a + 3)) * (1 - x) * (1 - x) + 1
    return [far, near, next, 1 - far - near - next]
  }
}
