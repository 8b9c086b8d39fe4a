package import Compute
import Tensors

extension CUDABackend {
  package func attention(_ operands: AttentionOperands, into y: Tensor, logSums: Tensor) {
    let kernels = AttentionKernels(y.elementType, headWidth: operands.headWidth)
    let (q, k, v) = (operands.queries, operands.keys, operands.values)
    let name = kernels.usesTensorCores ? "attention" : "attention_plain"
    self.kernels.launch(
      "\(name).cu", name, kernels.definitions,
      grid: operands.grid(q.tokens, by: kernels.queriesOfBlock), threads: kernels.threads,
      y.deviceAddress, logSums.deviceAddress, q.deviceAddress, k.deviceAddress, v.deviceAddress,
      Int32(q.stride), Int32(k.stride), Int32(v.stride), Int32(q.tokens), Int32(k.tokens),
      Int32(operands.heads), Int32(operands.headWidth), operands.scale,
      Int32(operands.isCausal ? 1 : 0))
  }

  package func attentionBackward(
    _ operands: AttentionOperands, output: Tensor, logSums: Tensor, gradient dy: Tensor,
    into gradients: AttentionGradients
  ) {
    let kernels = AttentionKernels(output.elementType, headWidth: operands.headWidth)
    let pass = AttentionBackward(
      backend: self, kernels: kernels, operands: operands, gradients: gradients, output: output,
      logSums: logSums, dy: dy,
      delta: Tensor(shape: logSums.shape, elementType: .float32, on: self))
    pass.differentiateQueries()
    if kernels.usesTensorCores {
      pass.differentiateKeysAndValues()
    } else {
      pass.differentiateKeys()
      pass.differentiateValues()
    }
  }
}

/// The kernels of a backward pass, in their order: that of the queries leaves Δ for the others.
private struct AttentionBackward {
  let backend: CUDABackend
  let kernels: AttentionKernels
  let operands: AttentionOperands
  let gradients: AttentionGradients
  let output: Tensor
  let logSums: Tensor
  let dy: Tensor

  /// Σ dy · y of each query.
  let delta: Tensor

  private var q: Columns { operands.queries }
  private var k: Columns { operands.keys }
  private var v: Columns { operands.values }
  private var heads: Int32 { Int32(operands.heads) }
  private var headWidth: Int32 { Int32(operands.headWidth) }
  private var isCausal: Int32 { operands.isCausal ? 1 : 0 }
  private var keyGrid: Grid { operands.grid(k.tokens, by: AttentionKernels.backwardRows) }

  func differentiateQueries() {
    let name = kernels.usesTensorCores ? "attention_backward" : "attention_plain_backward"
    backend.kernels.launch(
      kernels.usesTensorCores ? "\(name)_queries.cu" : "\(name).cu", "\(name)_queries",
      kernels.definitions, grid: operands.grid(q.tokens, by: AttentionKernels.backwardRows),
      threads: kernels.threads, gradients.queries.deviceAddress, delta.deviceAddress,
      q.deviceAddress, k.deviceAddress, v.deviceAddress, output.deviceAddress, dy.deviceAddress,
      logSums.deviceAddress, Int32(gradients.queries.stride), Int32(q.stride), Int32(k.stride),
      Int32(v.stride), Int32(q.tokens), Int32(k.tokens), heads, headWidth, operands.scale,
      isCausal)
  }

  func differentiateKeysAndValues() {
    var grid = keyGrid
    grid.z = kernels.splits(
      keyBlocks: grid.x * grid.y, queries: q.tokens,
      multiprocessors: backend.context.device.multiprocessors)
    let count = operands.samples * k.tokens * operands.width
    let parts =
      grid.z == 1
      ? nil : Tensor(shape: [grid.z, 2, count], elementType: .float32, on: backend)
    let (dk, dv) = (gradients.keys, gradients.values)
    backend.kernels.launch(
      "attention_backward_keys.cu", "attention_backward_keys", kernels.definitions, grid: grid,
      threads: kernels.threads, dk.deviceAddress, dv.deviceAddress, parts?.deviceAddress ?? 0,
      q.deviceAddress, k.deviceAddress, v.deviceAddress, dy.deviceAddress, logSums.deviceAddress,
      delta.deviceAddress, Int32(dk.stride), Int32(dv.stride), Int32(q.stride), Int32(k.stride),
      Int32(v.stride), Int32(q.tokens), Int32(k.tokens), heads, headWidth, operands.scale,
      isCausal)
    guard let parts else { return }
    backend.kernels.launch(
      "attention_backward_keys.cu", "attention_backward_sum", kernels.definitions,
      grid: Grid((2 * count + 255) / 256), dk.deviceAddress, dv.deviceAddress,
      parts.deviceAddress, Int32(dk.stride), Int32(dv.stride), Int32(k.tokens), heads, headWidth,
      Int32(grid.z), UInt64(count))
  }

  func differentiateKeys() {
    backend.kernels.launch(
      "attention_plain_backward.cu", "attention_plain_backward_keys", kernels.definitions,
      grid: keyGrid, threads: kernels.threads, gradients.keys.deviceAddress, q.deviceAddress,
      k.deviceAddress, v.deviceAddress, dy.deviceAddress, logSums.deviceAddress,
      delta.deviceAddress, Int32(gradients.keys.stride), Int32(q.stride), Int32(k.stride),
      Int32(v.stride), Int32(q.tokens), Int32(k.tokens), heads, headWidth, operands.scale,
      isCausal)
  }

  func differentiateValues() {
    backend.kernels.launch(
      "attention_plain_backward.cu", "attention_plain_backward_values", kernels.definitions,
      grid: keyGrid, threads: kernels.threads, gradients.values.deviceAddress, q.deviceAddress,
      k.deviceAddress, dy.deviceAddress, logSums.deviceAddress, Int32(gradients.values.stride),
      Int32(q.stride), Int32(k.stride), Int32(q.tokens), Int32(k.tokens), heads, headWidth,
      operands.scale, isCausal)
  }
}

extension AttentionOperands {
  /// A block for so many rows of each head.
  fileprivate func grid(_ tokens: Int, by rows: Int) -> Grid {
    Grid((tokens + rows - 1) / rows, samples * heads)
  }
}

extension Columns {
  /// Of the first column's first row.
  fileprivate var deviceAddress: UInt64 {
    tensor.deviceAddress + UInt64(first * tensor.elementType.byteWidth)
  }
}
