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
