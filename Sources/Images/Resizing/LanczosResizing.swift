import Glibc

// Pillow's LANCZOS: a window of three lobes, widened where it shrinks so that it averages; each
// axis for itself in 8 bits, weights in 22-bit fixed point, colours multiplied by alpha between.
extension Picture {
  func lanczosResized(_ newWidth: Int, _ newHeight: Int) -> Picture {
    let source = hasAlpha ? multipliedByAlpha : self
    let wide = source.width == newWidth ? source : source.filtered(toWidth: newWidth)
    let result = wide.height == newHeight ? wide : wide.filtered(toHeight: newHeight)
    return hasAlpha ? result.dividedByAlpha : result
  }

  private func filtered(toWidth newWidth: Int) -> Picture {
    let taps = Self.lanczosTaps(from: width, to: newWidth)
    var result: [UInt8] = []
    result.reserveCapacity(newWidth * height * channels)
    for y in 0..<height {
      let start = offset(x: 0, y: y)
      for x in 0..<newWidth {
        for channel in 0..<channels {
          var sum = Self.half
          for tap in taps.range(x) {
            sum += Int(bytes[start + taps.sources[tap] * channels + channel]) * taps.weights[tap]
          }
          result.append(Self.byte(sum))
        }
      }
    }
    return replaced(width: newWidth, height: height, bytes: result)
  }

  private func filtered(toHeight newHeight: Int) -> Picture {
    let taps = Self.lanczosTaps(from: height, to: newHeight)
    let stride = width * channels
    var result: [UInt8] = []
    result.reserveCapacity(newHeight * stride)
    var sums = [Int](repeating: 0, count: stride)
    for y in 0..<newHeight {
      for x in 0..<stride { sums[x] = Self.half }
      for tap in taps.range(y) {
        let start = taps.sources[tap] * stride
        let weight = taps.weights[tap]
        for x in 0..<stride { sums[x] += Int(bytes[start + x]) * weight }
      }
      for sum in sums { result.append(Self.byte(sum)) }
    }
    return replaced(width: width, height: newHeight, bytes: result)
  }

  private static let weightBits = 22
  private static let half = 1 << (weightBits - 1)

  private static func byte(_ sum: Int) -> UInt8 { UInt8(max(0, min(255, sum >> weightBits))) }

  private static func lanczosTaps(from count: Int, to newCount: Int) -> Taps<Int> {
    let scale = Double(count) / Double(newCount)
    let widening = max(scale, 1)
    let support = 3 * widening
    var taps = Taps<Int>()
    for target in 0..<newCount {
      let center = (Double(target) + 0.5) * scale
      let first = max(0, Int(center - support + 0.5))
      let end = min(count, Int(center + support + 0.5))
      let weights = (first..<end).map { lanczos((Double($0) - center + 0.5) * (1 / widening)) }
      let sum = weights.reduce(0, +)
      taps.append(
        zip(first..<end, weights).map { source, weight in
          let normal = sum == 0 ? weight : weight * (1 / sum)
          let scaled = normal * Double(1 << weightBits)
          return (source: source, weight: Int(scaled < 0 ? scaled - 0.5 : scaled + 0.5))
        })
    }
    return taps
  }

  private static func lanczos(_ x: Double) -> Double {
    -3 <= x && x < 3 ? sinc(x) * sinc(x / 3) : 0
  }

  private static func sinc(_ x: Double) -> Double {
    x == 0 ? 1 : sin(x * .pi) / (x * .pi)
  }

  private var multipliedByAlpha: Picture {
    mapColors { color, alpha in
      let product = Int(color) * Int(alpha) + 128
      return UInt8((product >> 8 + product) >> 8)
    }
  }

  private var dividedByAlpha: Picture {
    mapColors { color, alpha in
      alpha == 0 || alpha == 255 ? color : UInt8(min(255, 255 * Int(color) / Int(alpha)))
    }
  }

  private func mapColors(_ change: (UInt8, UInt8) -> UInt8) -> Picture {
    var result = self
    for start in stride(from: 0, to: bytes.count, by: 4) {
      for index in start..<start + 3 {
        result.bytes[index] = change(bytes[index], bytes[start + 3])
      }
    }
    return result
  }
}
