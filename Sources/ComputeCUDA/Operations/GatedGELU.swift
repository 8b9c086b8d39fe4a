package import Compute

extension CUDABackend {
  package func gatedGELU(_ x: Tensor, into y: Tensor) {
    launch("gated_gelu", y.elementType, rows: y.rows, width: y.channels)(
      x: x, y: y, rows: y.rows, width: y.channels)
  }

  package func gatedGELUBackward(
    _ x: Tensor, gradient dy: Tensor, into dx: Tensor, accumulating: Bool
  ) {
    launch("gated_gelu_backward", dy.elementType, rows: dy.rows, width: dy.channels)(
      x: x, dy: dy, dx: dx, accumulating: accumulating, rows: dy.rows, width: dy.channels)
  }
}
