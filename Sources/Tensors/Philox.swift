import Glibc

/// Philox4x32-10: counter-based random numbers; number i is computed without the ones before it.
///
/// The same seed and stream give the same numbers on every machine, on any number of threads and
/// on a GPU: number n depends on (seed, stream, n) alone.
///
/// Source: Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3" (SC 2011).
package struct Philox: Sendable {
  private let key: SIMD2<UInt32>
  private let stream: UInt64

  /// The next number of `next()`, counted in 32-bit words.
  private var position: UInt64 = 0

  /// - Parameters:
  ///   - seed: The user's choice.
  ///   - stream: One per purpose; different streams of one seed are independent.
  package init(seed: UInt64, stream: UInt64) {
    key = SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
    self.stream = stream
  }

  /// The four words of one block of the stream.
  package func words(block: UInt64) -> SIMD4<UInt32> {
    var counter = SIMD4(
      UInt32(truncatingIfNeeded: block), UInt32(truncatingIfNeeded: block >> 32),
      UInt32(truncatingIfNeeded: stream), UInt32(truncatingIfNeeded: stream >> 32))
    var key = key
    for _ in 0..<10 {
      let first = UInt64(0xD251_1F53) * UInt64(counter.x)
      let second = UInt64(0xCD9E_8D57) * UInt64(counter.z)
      counter = SIMD4(
        UInt32(truncatingIfNeeded: second >> 32) ^ counter.y ^ key.x,
        UInt32(truncatingIfNeeded: second),
        UInt32(truncatingIfNeeded: first >> 32) ^ counter.w ^ key.y,
        UInt32(truncatingIfNeeded: first))
      key &+= SIMD2(0x9E37_79B9, 0xBB67_AE85)
    }
    return counter
  }

  /// Fills a list with standard normal numbers, those of the stream from `offset` on.
  ///
  /// Words 2i and 2i + 1 make numbers 2i and 2i + 1 (Box and Muller, 1958), in 32-bit floats with 24
  /// random bits: no number is farther out than 5.9.
  package func normals(count: Int, offset: UInt64 = 0) -> [Float] {
    var result: [Float] = []
    result.reserveCapacity(count + 4)
    var block = offset / 4
    var skipped = Int(offset % 4)
    while result.count < count {
      let words = words(block: block)
      for pair in 0..<2 {
        let radius = (-2 * logf(Self.unit(words[2 * pair]))).squareRoot()
        let angle = 2 * Float.pi * Self.unit(words[2 * pair + 1])
        result.append(radius * cosf(angle))
        result.append(radius * sinf(angle))
      }
      if skipped > 0 {
        result.removeFirst(skipped)
        skipped = 0
      }
      block += 1
    }
    result.removeLast(result.count - count)
    return result
  }

  /// A number strictly between 0 and 1, from the upper 24 bits of a word.
  private static func unit(_ word: UInt32) -> Float {
    (Float(word >> 8) + 0.5) * 0x1p-24
  }
}

extension Philox: RandomNumberGenerator {
  package mutating func next() -> UInt64 {
    let words = words(block: position / 2)
    let half = Int(position % 2) * 2
    position += 1
    return UInt64(words[half]) | UInt64(words[half + 1]) << 32
  }
}

// Not the standard library's `random` and `shuffle`, which may draw otherwise in its next version.
extension Philox {
  /// A number from 0 up to 1, of 53 random bits.
  package mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// A whole number from 0 up to `limit`.
  package mutating func below(_ limit: Int) -> Int {
    Int(next().multipliedFullWidth(by: UInt64(limit)).high)
  }

  /// Shuffles a list (Fisher and Yates, from the end).
  package mutating func shuffle<Element>(_ list: inout [Element]) {
    for last in stride(from: list.count - 1, to: 0, by: -1) {
      list.swapAt(last, below(last + 1))
    }
  }
}
