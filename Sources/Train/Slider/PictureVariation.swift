import Diffusion
import Tensors

/// A change that both pictures of a pair go through alike: what differs between them stays, and the
/// adapter does not learn the rest of them by heart.
struct PictureVariation: Hashable {
  /// How far variations go.
  struct Limits: Hashable {
    /// The number of variations of a pair, itself included.
    var count = 1

    /// The deviation of the nine numbers that mix the colours, about those that leave them.
    var colours: Float = 0

    /// The most that a picture moves, in pixels.
    var shift = 0
    var mirrors = false
  }

  let isMirrored: Bool
  let right: Int
  let down: Int

  /// Rows of the matrix that mixes red, green and blue of −1 … 1, and what is added.
  let mix: [Float]
  let offset: [Float]

  /// - Parameter index: 0 is the pair itself.
  init(_ index: Int, of limits: Limits, seed: UInt64) {
    let draw = DrawStream(seed: seed, purpose: .variation, step: index)
    let numbers = draw.generator.normals(count: 12)
    let words = DrawStream(seed: seed, purpose: .variation, step: index, level: 1).generator.words(
      block: 0)
    let varies = index > 0
    func move(_ word: UInt32) -> Int {
      varies ? Int((UInt64(word) * UInt64(2 * limits.shift + 1)) >> 32) - limits.shift : 0
    }
    isMirrored = varies && limits.mirrors && words[0] >> 31 == 1
    (right, down) = (move(words[1]), move(words[2]))
    let strength = varies ? limits.colours : 0
    mix = (0..<9).map { ($0 % 4 == 0 ? 1 : 0) + strength * numbers[$0] }
    offset = (9..<12).map { strength / 2 * numbers[$0] }
  }

  /// Moves and mirrors numbers of pixels, `[height, width, channels]`; the edge goes on beyond itself.
  func moved(_ values: [Float], width: Int, height: Int, channels: Int = 3) -> [Float] {
    guard isMirrored || right != 0 || down != 0 else { return values }
    var result: [Float] = []
    result.reserveCapacity(values.count)
    for y in 0..<height {
      let row = min(height - 1, max(0, y - down))
      for x in 0..<width {
        let place = min(width - 1, max(0, x - right))
        let column = isMirrored ? width - 1 - place : place
        let start = (row * width + column) * channels
        result += values[start..<start + channels]
      }
    }
    return result
  }

  /// Changes colours of −1 … 1, `[pixels, 3]`.
  func coloured(_ values: [Float]) -> [Float] {
    guard mix != [1, 0, 0, 0, 1, 0, 0, 0, 1] else { return values }
    var result = values
    for start in stride(from: 0, to: values.count, by: 3) {
      for channel in 0..<3 {
        let sum =
          mix[channel * 3] * values[start] + mix[channel * 3 + 1] * values[start + 1]
          + mix[channel * 3 + 2] * values[start + 2] + offset[channel]
        result[start + channel] = min(1, max(-1, sum))
      }
    }
    return result
  }
}
