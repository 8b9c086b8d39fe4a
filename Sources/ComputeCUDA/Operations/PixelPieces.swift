import Compute
import Tensors

/// The pieces that kernels cut a tensor [samples, pixels, channels] into: `PixelPiece` of
/// `pixels.cuh`.
struct PixelPieces {
  let samples: Int
  let pixels: Int
  let channels: Int

  /// Neighbouring packs of channels per block.
  let packs: Int

  /// Pixels per block.
  let piece: Int

  /// The number of parts that the channels are cut into.
  private let parts: Int

  init(_ x: Tensor) {
    samples = x.shape.extents[0]
    channels = x.channels
    pixels = x.rows / samples
    let packsOfPixel = (channels + x.elementType.packCount - 1) / x.elementType.packCount
    let minParts = (packsOfPixel + Self.maxPacks - 1) / Self.maxPacks
    packs = (packsOfPixel + minParts - 1) / minParts
    parts = (packsOfPixel + packs - 1) / packs
    // At least four pixels per thread, to pay for the thread's start; more for large pictures, as
    // each piece's sums are read again. It depends on the shape alone: all devices cut alike.
    let rows = Self.threads / packs
    piece = rows * max(4, pixels * samples * parts / (rows * Self.wantedBlocks))
  }

  /// Pieces per sample.
  var count: Int { (pixels + piece - 1) / piece }

  var grid: Grid { Grid(count, parts, samples) }

  /// Returns room for `sums` sums per piece and channel.
  func partials(_ sums: Int, on backend: CUDABackend) -> Tensor {
    Tensor(shape: [samples, count, sums, channels], elementType: .float32, on: backend)
  }

  private static let threads = 256
  private static let maxPacks = 64

  /// Several for each multiprocessor of the largest devices.
  private static let wantedBlocks = 1024
}
