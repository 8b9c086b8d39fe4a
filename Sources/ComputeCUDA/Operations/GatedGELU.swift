package import Compute

extension CUDABackend {
  package func gatedGELU(_ x: Tensor, into y: Tensor) {
    launch(
      "gated_gelu.cu", "gated_gelu", y.elementType, rows: y.rows, width: y.channels,
      x.deviceAddress, y.deviceAddress, UInt32(y.rows), UInt32(y.channels))
  }

  package func gatedGELUBackward(
    _ x: Tensor, gradient dy: Tensor, into dx: Tensor, accumulating: Bool
  ) {
    launch(
      "gated_gelu.cu", "gated_gelu_backward", dy.elementType, rows: dy.rows, width: dy.channels,
      x.deviceAddress, dy.deviceAddress, dx.deviceAddress, accumulating.word, UInt32(dy.rows),
      UInt32(dy.channels))
  }
}
