package import Compute

extension CUDABackend {
  package func copyColumns(
    of x: Tensor, from: Int, to y: Tensor, at to: Int, width: Int, accumulating: Bool
  ) {
    launch("copy_columns", y.elementType, rows: x.rows, width: width)(
      x: x, y: y, accumulating: accumulating, rows: x.rows, width: width, x_channels: x.channels,
      from: from, y_channels: y.channels, to: to)
  }
}
