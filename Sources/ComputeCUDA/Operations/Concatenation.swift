package import Compute

extension CUDABackend {
  package func copyColumns(
    of x: Tensor, from: Int, to y: Tensor, at to: Int, width: Int, accumulating: Bool
  ) {
    launch(
      "copy_columns.cu", "copy_columns", y.elementType, rows: x.rows, width: width,
      x.deviceAddress, y.deviceAddress, accumulating.word, UInt32(x.rows), UInt32(width),
      UInt32(x.channels), UInt32(from), UInt32(y.channels), UInt32(to))
  }
}
