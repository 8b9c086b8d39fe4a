package import Compute

extension CUDABackend {
  package func embedTokens(
    _ tokens: Tensor, table: Tensor, positions: Tensor, into y: Tensor
  ) {
    precondition(table.elementType == y.elementType && positions.elementType == y.elementType)
    launch(
      "embedding.cu", "embed_tokens", y.elementType, rows: y.rows, width: y.channels,
      tokens.deviceAddress, table.deviceAddress, positions.deviceAddress, y.deviceAddress,
      UInt32(tokens.count), UInt32(tokens.channels), UInt32(table.rows), UInt32(y.channels))
  }

  package func embedTimesteps(_ timesteps: Tensor, into y: Tensor) {
    let half = y.channels / 2
    kernels.launch(
      "embedding.cu", "embed_timesteps", y.elementType.definitions,
      grid: Grid((timesteps.count * half + 255) / 256), timesteps.deviceAddress, y.deviceAddress,
      UInt32(timesteps.count), UInt32(half))
  }
}
