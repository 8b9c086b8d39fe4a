// OpenCV's INTER_LINEAR in 8 bits: between the two nearest of each axis, no averaging, with
// weights of 11 bits and four of the bits of a sum dropped before the second axis.
extension Picture {
  func linearResized(_ newWidth: Int, _ newHeight: Int) -> Picture {
    linear(
      Self.linearTaps(from: width, to: newWidth, isFirstAxis: true),
      Self.linearTaps(from: height, to: newHeight, isFirstAxis: false))
  }

  /// INTER_AREA where a side grows: linear, but over the source's own cells.
  func areaGrown(_ newWidth: Int, _ newHeight: Int) -> Picture {
    linear(
      Self.grownTaps(from: width, to: newWidth, isFirstAxis: true),
      Self.grownTaps(from: height, to: newHeight, isFirstAxis: false))
  }

  private func linear(_ columns: Taps<Int>, _ rows: Taps<Int>) -> Picture {
    var result: [UInt8] = []
    result.reserveCapacity(columns.count * rows.count * channels)
    for y in 0..<rows.count {
      let taps = rows.range(y)
      let upper = linearRow(rows.sources[taps.lowerBound], columns)
      let lower = linearRow(rows.sources[taps.lowerBound + 1], columns)
      let upperWeight = rows.weights[taps.lowerBound]
      let lowerWeight = rows.weights[taps.lowerBound + 1]
      for index in upper.indices {
        let sum =
          (upperWeight * (upper[index] >> 4)) >> 16 + (lowerWeight * (lower[index] >> 4)) >> 16
        result.append(UInt8(max(0, min(255, (sum + 2) >> 2))))
      }
    }
    return replaced(width: columns.count, height: rows.count, bytes: result)
  }

  private func linearRow(_ y: Int, _ columns: Taps<Int>) -> [Int] {
    let start = offset(x: 0, y: y)
    var row: [Int] = []
    row.reserveCapacity(columns.count * channels)
    for x in 0..<columns.count {
      let tap = columns.starts[x]
      for channel in 0..<channels {
        let left = Int(bytes[start + columns.sources[tap] * channels + channel])
        let right = Int(bytes[start + columns.sources[tap + 1] * channels + channel])
        row.append(left * columns.weights[tap] + right * columns.weights[tap + 1])
      }
    }
    return row
  }

  private static func linearTaps(
    from count: Int, to newCount: Int, isFirstAxis: Bool
  ) -> Taps<Int> {
    let scale = Double(count) / Double(newCount)
    return taps(of: newCount, from: count, isFirstAxis: isFirstAxis) { target in
      let position = Float((Double(target) + 0.5) * scale - 0.5)
      let source = Int(position.rounded(.down))
      return (source, position - Float(source))
    }
  }

  private static func grownTaps(
    from count: Int, to newCount: Int, isFirstAxis: Bool
  ) -> Taps<Int> {
    let scale = Double(count) / Double(newCount)
    let inverse = Double(newCount) / Double(count)
    return taps(of: newCount, from: count, isFirstAxis: isFirstAxis) { target in
      let source = Int((Double(target) * scale).rounded(.down))
      let fraction = Float(Double(target + 1) - Double(source + 1) * inverse)
      return (source, fraction <= 0 ? 0 : fraction - fraction.rounded(.down))
    }
  }

  /// Two taps a target.
  ///
  /// Past an edge the first axis takes the edge alone, the second mixes it
  /// with itself, which the dropped bits tell apart.
  private static func taps(
    of newCount: Int, from count: Int, isFirstAxis: Bool,
    position: (Int) -> (source: Int, fraction: Float)
  ) -> Taps<Int> {
    var taps = Taps<Int>()
    for target in 0..<newCount {
      var (source, fraction) = position(target)
      if isFirstAxis && (source < 0 || source >= count - 1) { fraction = 0 }
      let weights = [1 - fraction, fraction].map { Int(($0 * 2048).rounded(.toNearestOrEven)) }
      if isFirstAxis { source = max(0, min(count - 1, source)) }
      let sources = [source, source + 1].map { max(0, min(count - 1, $0)) }
      taps.append(zip(sources, weights).map { (source: $0, weight: $1) })
    }
    return taps
  }
}
