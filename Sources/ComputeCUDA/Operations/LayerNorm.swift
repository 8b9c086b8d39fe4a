package import Compute

extension CUDABackend {
  package func layerNorm(_ x: Tensor, _ norm: NormOperands, into y: Tensor, statistics: Tensor) {
    kernels.launch(
      "layer_norm.cu", "layer_norm", x.elementType.definitions, grid: Self.warpEachRow(x),
      x.deviceAddress, norm.weight.deviceAddress, norm.bias.deviceAddress, y.deviceAddress,
      statistics.deviceAddress, norm.epsilon, UInt32(x.rows), UInt32(x.channels))
  }

  package func layerNormBackward(
    _ x: Tensor, _ norm: NormOperands, statistics: Tensor, gradient dy: Tensor, into dx: Tensor,
    accumulating: Bool
  ) {
    kernels.launch(
      "layer_norm.cu", "layer_norm_backward", x.elementType.definitions, grid: Self.warpEachRow(x),
      x.deviceAddress, dy.deviceAddress, norm.weight.deviceAddress, statistics.deviceAddress,
      dx.deviceAddress, accumulating.word, UInt32(x.rows), UInt32(x.channels))
  }

  /// Blocks of 256 threads, eight warps.
  private static func warpEachRow(_ x: Tensor) -> Grid { Grid((x.rows + 7) / 8) }
}
