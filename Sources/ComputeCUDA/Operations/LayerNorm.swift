package import Compute

extension CUDABackend {
  package func layerNorm(_ x: Tensor, _ norm: NormOperands, into y: Tensor, statistics: Tensor) {
    kernels.launch("layer_norm", x.elementType, threads: warpPerRow(x))(
      x: x, weight: norm.weight, bias: norm.bias, y: y, statistics: statistics,
      epsilon: norm.epsilon, rows: x.rows, channels: x.channels)
  }

  package func layerNormBackward(
    _ x: Tensor, _ norm: NormOperands, statistics: Tensor, gradient dy: Tensor, into dx: Tensor,
    accumulating: Bool
  ) {
    kernels.launch("layer_norm_backward", x.elementType, threads: warpPerRow(x))(
      x: x, dy: dy, weight: norm.weight, statistics: statistics, dx: dx,
      accumulating: accumulating, rows: x.rows, channels: x.channels)
  }

  private func warpPerRow(_ x: Tensor) -> Int { 32 * x.rows }
}
