package import Compute

extension Kernel {
  fileprivate static let add = Kernel("elementwise.cu", "add")
  fileprivate static let sumPixelsOfPieces = Kernel("sum_over_pixels.cu", "sum_pixels_of_pieces")
  fileprivate static let sumPieces = Kernel("sum_over_pixels.cu", "sum_pieces")
}

extension CUDABackend {
  package func add(_ a: Tensor, _ b: Tensor, into sum: Tensor) {
    launch(.add, packsOf: sum)(x: a, y: b, z: sum, count: sum.count)
  }

  package func sumOverPixels(_ x: Tensor, into sums: Tensor, accumulating: Bool) {
    let cut = PixelPieces(x)
    let partials = cut.partials(1, on: self)
    kernels.launch(.sumPixelsOfPieces, x.elementType, grid: cut.grid)(
      partials: partials, x: x, pixels: cut.pixels, channels: cut.channels, packs: cut.packs,
      piece: cut.piece)
    kernels.launch(
      .sumPieces, x.elementType, grid: Grid((cut.channels + 255) / 256, cut.samples))(
        sums: sums, partials: partials, accumulating: accumulating, pieces: cut.count,
        channels: cut.channels)
  }
}
