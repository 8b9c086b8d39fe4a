import Compute
import Tensors

// A convolution without cuDNN (im2col): the inputs of each result pixel are gathered into a row of a
// matrix, [pixels, kernel's pixels · inputs], which is then multiplied; see `columns.cu`. The matrix
// is several times as large as the picture, so it is made in pieces.

extension CUDABackend {
  /// Calls `body` with ranges of the result's pixels, all of them in turn, and room for their rows.
  func forPieces(of window: Window, _ body: (Range<Int>, MatrixView) -> Void) {
    let pieces = window.pieces(
      ofAtMost: max(1, maxColumnBytes / (window.patch * activationType.byteWidth)))
    guard let largest = pieces.first?.count else { return }
    let room = Tensor(shape: [largest, window.patch], elementType: activationType, on: self)
    for pixels in pieces {
      body(pixels, MatrixView(room, rows: pixels.count, columns: window.patch))
    }
  }

  /// Copies the inputs of some pixels of the result.
  func gather(_ x: Tensor, _ window: Window, _ pixels: Range<Int>, into columns: MatrixView) {
    let kernel: Kernel = isPacked(window, x) ? "gather_packs" : "gather_elements"
    kernels.launch(kernel, activationType, threads: 32 * pixels.count)(
      x: x, columns: columns.address, picture: window.picture, result: window.result,
      kernel: window.kernel, before: window.before, stride: window.stride, inputs: window.inputs,
      first: pixels.lowerBound, rows: pixels.count)
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
    kernels.launch(byPacks ? "sum_packs" : "sum_elements", activationType, threads: threads)(
      columns: columns.address, x: x, picture: window.picture, result: window.result,
      kernel: window.kernel, before: window.before, stride: window.stride, inputs: window.inputs,
      first: pixels.lowerBound, rows: pixels.count, pixels: window.inputPixels,
      accumulating: accumulating)
  }

  /// Whether each pixel of x consists of whole packs.
  private func isPacked(_ window: Window, _ x: Tensor) -> Bool {
    window.inputs.isMultiple(of: activationType.packCount) && x.deviceAddress.isMultiple(of: 16)
  }
}
