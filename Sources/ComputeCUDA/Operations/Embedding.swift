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

  package func takeRows(_ x: Tensor, at places: Tensor, into y: Tensor) {
    launch("take_rows", y.elementType, rows: y.rows, width: y.channels)(
      x: x, places: places, y: y, count: places.count, rows: x.rows, channels: y.channels)
  }

  package func addRows(_ dy: Tensor, at places: Tensor, to dx: Tensor) {
    launch("add_rows", dx.elementType, rows: dy.rows, width: dx.channels)(
      dy: dy, places: places, dx: dx, count: places.count, rows: dx.rows, channels: dx.channels)
  }

  package func embedTimesteps(_ timesteps: Tensor, into y: Tensor) {
    let half = y.channels / 2
    kernels.launch("embed_timesteps", y.elementType, threads: timesteps.count * half)(
      timesteps: timesteps, y: y, count: timesteps.count, half: half)
  }
}
