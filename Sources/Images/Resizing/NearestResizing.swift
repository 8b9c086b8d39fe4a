// OpenCV's INTER_NEAREST_EXACT: the pixel whose centre is nearest, in 16-bit fixed point.
extension Picture {
  func nearestResized(_ newWidth: Int, _ newHeight: Int) -> Picture {
    let columns = Self.nearestSources(from: width, to: newWidth)
    let rows = Self.nearestSources(from: height, to: newHeight)
    var result: [UInt8] = []
    result.reserveCapacity(newWidth * newHeight * channels)
    for y in rows {
      for x in columns {
        let start = offset(x: x, y: y)
        result += bytes[start..<start + channels]
      }
    }
    return replaced(width: newWidth, height: newHeight, bytes: result)
  }

  private static func nearestSources(from count: Int, to newCount: Int) -> [Int] {
    let step = (count << 16 + newCount / 2) / newCount
    let first = step / 2 - count % 2
    return (0..<newCount).map { min((step * $0 + first) >> 16, count - 1) }
  }
}
