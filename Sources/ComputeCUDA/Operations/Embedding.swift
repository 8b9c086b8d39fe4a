package import Compute

extension CUDABackend {
  package func embedTokens(
    _ tokens: Tensor, table: Tensor, positions: Tensor, into y: Tensor
  ) {
    precondition(table.elementType == y.elementType && positions.elementType == y.elementType)
    launch("embed_tokens", y.elementType, rows: y.rows, width: y.channels)(
      tokens: tokens, table: table, positions: positions, y: y, count: tokens.count,
      length: tokens.channels, vocabulary: table.rows, channels: y.channels)
  }

  package func embedTimesteps(_ timesteps: Tensor, into y: Tensor) {
    let half = y.channels / 2
    kernels.launch("embed_timesteps", y.elementType, threads: timesteps.count * half)(
      timesteps: timesteps, y: y, count: timesteps.count, half: half)
  }
}
