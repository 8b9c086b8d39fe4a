// OpenCV's INTER_CUBIC as its x86 builds compute it, in 32-bit floats: four of each axis, no
// averaging, a = -0.75 (Keys, 1981).
extension Picture {
  func cubicResized(_ newWidth: Int, _ newHeight: Int) -> Picture {
    weighted(
      Self.cubicTaps(from: width, to: newWidth), Self.cubicTaps(from: height, to: newHeight))
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
