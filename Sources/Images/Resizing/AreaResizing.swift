// OpenCV's INTER_AREA for shrinking: each pixel is the mean of the area it covers.
extension Picture {
  func areaResized(_ newWidth: Int, _ newHeight: Int) -> Picture {
    width % newWidth == 0 && height % newHeight == 0
      ? blockMeans(newWidth, newHeight)
      : weighted(
        Self.areaTaps(from: width, to: newWidth), Self.areaTaps(from: height, to: newHeight))
  }

  /// Means over whole blocks of pixels, summed in integers.
  private func blockMeans(_ newWidth: Int, _ newHeight: Int) -> Picture {
    let (across, down) = (width / newWidth, height / newHeight)
    let scale = 1 / Float(across * down)
    var result: [UInt8] = []
    result.reserveCapacity(newWidth * newHeight * channels)
    for y in 0..<newHeight {
      for x in 0..<newWidth {
        for channel in 0..<channels {
          var sum = 0
          for row in y * down..<(y + 1) * down {
            let start = offset(x: x * across, y: row) + channel
            for step in 0..<across { sum += Int(bytes[start + step * channels]) }
          }
          // of four pixels OpenCV rounds halves up, of any other number to even
          let isFour = across == 2 && down == 2
          result.append(isFour ? UInt8((sum + 2) / 4) : (Float(sum) * scale).roundedToByte)
        }
      }
    }
    return replaced(width: newWidth, height: newHeight, bytes: result)
  }

  /// The share of each source position that lies in each target position.
  private static func areaTaps(from count: Int, to newCount: Int) -> Taps<Float> {
    let scale = Double(count) / Double(newCount)
    var taps = Taps<Float>()
    for target in 0..<newCount {
      let begin = Double(target) * scale
      let end = begin + scale
      let extent = min(scale, Double(count) - begin)
      let lastWhole = min(Int(end.rounded(.down)), count - 1)
      let firstWhole = min(Int(begin.rounded(.up)), lastWhole)
      var cell: [(source: Int, weight: Float)] = []
      if Double(firstWhole) - begin > 1e-3 {
        cell.append((firstWhole - 1, Float((Double(firstWhole) - begin) / extent)))
      }
      for source in firstWhole..<lastWhole { cell.append((source, Float(1 / extent))) }
      let rest = end - Double(lastWhole)
      if rest > 1e-3 { cell.append((lastWhole, Float(min(rest, 1, extent) / extent))) }
      taps.append(cell)
    }
    return taps
  }
}
