import Compute
import Tensors

// A convolution without cuDNN: what each pixel of the result sees is gathered to a row of a matrix,
// [pixels, kernel's pixels · inputs], which a product then reads; see `columns.cu`. The matrix is
// several times as large as the picture: it is made in pieces.

extension CUDABackend {
  /// Calls `body` with ranges of the result's pixels, all of them in turn, and room for their rows.
  func forPieces(of window: Window, _ body: (Range<Int>, MatrixView) -> Void) {
    let pieces = window.pieces(
      ofAtMost: max(1, mostColumnBytes / (window.patch * activationType.byteWidth)))
    guard let largest = pieces.first?.count else { return }
    let room = Tensor(shape: [largest, window.patch], elementType: activationType, on: self)
    for pixels in pieces {
      body(pixels, MatrixView(room, rows: pixels.count, columns: window.patch))
    }
  }

  /// Copies what some pixels of the result see.
  func gather(_ x: Tensor, _ window: Window, _ pixels: Range<Int>, into columns: MatrixView) {
    let byPacks = isPacked(window, x)
    kernels.launch(
      "columns.cu", byPacks ? "gather_packs" : "gather_elements", activationType.definitions,
      grid: Grid((pixels.count + 7) / 8), x.deviceAddress, columns.address, window.picture,
      window.result, window.kernel, window.before, UInt32(window.stride), UInt32(window.inputs),
      UInt32(pixels.lowerBound), UInt32(pixels.count))
  }

  /// Adds each number of the columns of some pixels to the pixel of x that it was gathered from.
  ///
  /// - Parameter accumulating: Else x is written, with zeros where none of these pixels sees it.
  func sum(
    _ columns: MatrixView, _ window: Window, _ pixels: Range<Int>, into x: Tensor,
    accumulating: Bool
  ) {
    let byPacks = isPacked(window, x)
    let threads = x.count / (byPacks ? activationType.packCount : 1)
    kernels.launch(
      "columns.cu", byPacks ? "sum_packs" : "sum_elements", activationType.definitions,
      grid: Grid((threads + 255) / 256), columns.address, x.deviceAddress, window.picture,
      window.result, window.kernel, window.before, UInt32(window.stride), UInt32(window.inputs),
      UInt32(pixels.lowerBound), UInt32(pixels.count), UInt32(window.inputPixels),
      UInt32(accumulating ? 1 : 0))
  }

  /// Whether a pixel of x is whole packs.
  private func isPacked(_ window: Window, _ x: Tensor) -> Bool {
    window.inputs.isMultiple(of: activationType.packCount) && x.deviceAddress.isMultiple(of: 16)
  }
}
