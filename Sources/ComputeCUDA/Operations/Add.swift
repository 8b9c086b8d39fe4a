package import Compute

extension CUDABackend {
  package func add(_ a: Tensor, _ b: Tensor, into sum: Tensor) {
    launch("add", packsOf: sum)(x: a, y: b, z: sum, count: sum.count)
  }

  package func sumOverPixels(_ x: Tensor, into sums: Tensor, accumulating: Bool) {
    let cut = PixelPieces(x)
    let partials = cut.partials(1, on: self)
    kernels.launch("sum_pixels_of_pieces", x.elementType, grid: cut.grid)(
      partials: partials, x: x, pixels: cut.pixels, channels: cut.channels, packs: cut.packs,
      piece: cut.piece)
    kernels.launch(
      "sum_pieces", x.elementType, grid: Grid((cut.channels + 255) / 256, cut.samples))(
        sums: sums, partials: partials, accumulating: accumulating, pieces: cut.count,
        channels: cut.channels)
  }
}
