package import Compute

extension CUDABackend {
  package func sumOverPixels(_ x: Tensor, into sums: Tensor, accumulating: Bool) {
    let cut = PixelPieces(x)
    let partials = cut.partials(1, on: self)
    kernels.launch(
      "sum_over_pixels.cu", "sum_pixels_of_pieces", x.elementType.definitions, grid: cut.grid,
      partials.deviceAddress, x.deviceAddress, UInt32(cut.pixels), UInt32(cut.channels),
      UInt32(cut.packs), UInt32(cut.piece))
    kernels.launch(
      "sum_over_pixels.cu", "sum_pieces", x.elementType.definitions,
      grid: Grid((cut.channels + 255) / 256, cut.samples), sums.deviceAddress,
      partials.deviceAddress, accumulating.word, UInt32(cut.count), UInt32(cut.channels))
  }
}
