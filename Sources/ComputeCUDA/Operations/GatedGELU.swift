package import Compute

extension Kernel {
  fileprivate static let gatedGELU = Kernel("gated_gelu.cu", "gated_gelu")
  fileprivate static let gatedGELUBackward = Kernel("gated_gelu.cu", "gated_gelu_backward")
}

extension CUDABackend {
  package func gatedGELU(_ x: Tensor, into y: Tensor) {
    launch(.gatedGELU, y.elementType, rows: y.rows, width: y.channels)(
      x: x, y: y, rows: y.rows, width: y.channels)
  }

  package func gatedGELUBackward(
    _ x: Tensor, gradient dy: Tensor, into dx: Tensor, accumulating: Bool
  ) {
    launch(.gatedGELUBackward, dy.elementType, rows: dy.rows, width: dy.channels)(
      x: x, dy: dy, dx: dx, accumulating: accumulating, rows: dy.rows, width: dy.channels)
  }
}
