import Tensors

/// Which random numbers the data of a run draw: a stream of their own for each use, so that a
/// resumed run goes on with the same.
///
/// The stream's number is purpose · 2⁵⁶ + epoch · 2³² + position; purposes below 32 are those of
/// a training step.
enum DatasetDraw: UInt8, Sendable {
  case bucketOrder = 32
  case batchOrder = 33
  case caption = 34
  case placement = 35

  /// - Parameters:
  ///   - epoch: Counted from 1.
  ///   - position: Of the bucket, or of the sample in its epoch.
  func generator(seed: UInt64, epoch: Int, position: Int = 0) -> Philox {
    let stream =
      UInt64(rawValue) << 56 | UInt64(UInt32(truncatingIfNeeded: epoch) & 0xFF_FFFF) << 32
      | UInt64(UInt32(truncatingIfNeeded: position))
    return Philox(seed: seed, stream: stream)
  }
}

// Not the standard library's `random` and `shuffle`, which may draw otherwise in its next version.
extension Philox {
  /// A number from 0 up to 1, of 53 random bits.
  mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// A whole number from 0 up to `limit`.
  mutating func below(_ limit: Int) -> Int {
    Int(next().multipliedFullWidth(by: UInt64(limit)).high)
  }

  /// Brings a list into any of its orders (Fisher and Yates, from the end).
  mutating func shuffle<Element>(_ list: inout [Element]) {
    for last in stride(from: list.count - 1, to: 0, by: -1) {
      list.swapAt(last, below(last + 1))
    }
  }
}
