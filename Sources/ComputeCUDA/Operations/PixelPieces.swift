import Compute
import Tensors

/// How kernels about [samples, pixels, channels] cut a tensor: `PixelPiece` of `pixels.cuh`.
struct PixelPieces {
  let samples: Int
  let pixels: Int
  let channels: Int

  /// Packs of channels that a block has, side by side.
  let packs: Int

  /// Pixels that a block has.
  let piece: Int

  /// Into how many parts the channels are cut.
  private let parts: Int

  init(_ x: Tensor) {
    samples = x.shape.extents[0]
    channels = x.channels
    pixels = x.rows / samples
    let packsOfPixel = (channels + x.elementType.packCount - 1) / x.elementType.packCount
    let most = (packsOfPixel + Self.mostPacks - 1) / Self.mostPacks
    packs = (packsOfPixel + most - 1) / most
    parts = (packsOfPixel + packs - 1) / packs
    // At least four pixels a thread, for all that comes before the first; of large pictures more,
    // as sums of more pieces are more to read. By the shape alone, so that all devices cut alike.
    let rows = Self.threads / packs
    piece = rows * max(4, pixels * samples * parts / (rows * Self.wantedBlocks))
  }

  /// How many pieces a sample has.
  var count: Int { (pixels + piece - 1) / piece }

  var grid: Grid { Grid(count, parts, samples) }

  /// Room for so many sums of each piece and channel.
  func partials(_ sums: Int, on backend: CUDABackend) -> Tensor {
    Tensor(shape: [samples, count, sums, channels], elementType: .float32, on: backend)
  }

  private static let threads = 256
  private static let mostPacks = 64

  /// Several for each multiprocessor of the largest devices.
  private static let wantedBlocks = 1024
}
