package import Compute
import Tensors

extension CUDABackend {
  package func attention(_ operands: AttentionOperands, into y: Tensor, logSums: Tensor) {
    let kernels = attentionKernels(y.elementType, headWidth: operands.headWidth)
    let (q, k, v) = (operands.queries, operands.keys, operands.values)
    self.kernels.launch(
      kernels.usesTensorCores ? "attention" : "attention_plain", y.elementType,
      headWidth: kernels.width, grid: operands.grid(q.tokens, by: kernels.queriesOfBlock))(
        y: y, log_sums: logSums, q: q, k: k, v: v, q_stride: q.stride, k_stride: k.stride,
        v_stride: v.stride, queries: q.tokens, keys: k.tokens, heads: operands.heads,
        head_width: operands.headWidth, scale: operands.scale, is_causal: operands.isCausal)
  }

  package func attentionBackward(
    _ operands: AttentionOperands, output: Tensor, logSums: Tensor, gradient dy: Tensor,
    into gradients: AttentionGradients
  ) {
    let kernels = attentionKernels(output.elementType, headWidth: operands.headWidth)
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

extension CUDABackend {
  private func attentionKernels(_ elementType: ElementType, headWidth: Int) -> AttentionKernels {
    AttentionKernels(
      elementType, headWidth: headWidth, isPlain: context.switches.has(.plainAttention))
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
  private var keyGrid: Grid { operands.grid(k.tokens, by: AttentionKernels.backwardRows) }

  private func launch(_ kernel: Kernel, grid: Grid) -> Kernels.Launch {
    backend.kernels.launch(kernel, output.elementType, headWidth: kernels.width, grid: grid)
  }

  func differentiateQueries() {
    let dq = gradients.queries
    launch(
      kernels.usesTensorCores ? "attention_backward_queries" : "attention_plain_backward_queries",
      grid: operands.grid(q.tokens, by: AttentionKernels.backwardRows))(
        dq: dq, delta: delta, q: q, k: k, v: v, y: output, dy: dy, log_sums: logSums,
        dq_stride: dq.stride, q_stride: q.stride, k_stride: k.stride, v_stride: v.stride,
        queries: q.tokens, keys: k.tokens, heads: operands.heads, head_width: operands.headWidth,
        scale: operands.scale, is_causal: operands.isCausal)
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
    launch("attention_backward_keys", grid: grid)(
      dk: dk, dv: dv, parts: parts, q: q, k: k, v: v, dy: dy, log_sums: logSums, delta: delta,
      dk_stride: dk.stride, dv_stride: dv.stride, q_stride: q.stride, k_stride: k.stride,
      v_stride: v.stride, queries: q.tokens, keys: k.tokens, heads: operands.heads,
      head_width: operands.headWidth, scale: operands.scale, is_causal: operands.isCausal)
    guard let parts else { return }
    launch("attention_backward_sum", grid: Grid((2 * count + 255) / 256))(
      dk: dk, dv: dv, parts: parts, dk_stride: dk.stride, dv_stride: dv.stride, keys: k.tokens,
      heads: operands.heads, head_width: operands.headWidth, splits: grid.z, count: count)
  }

  func differentiateKeys() {
    let dk = gradients.keys
    launch("attention_plain_backward_keys", grid: keyGrid)(
      dk: dk, q: q, k: k, v: v, dy: dy, log_sums: logSums, delta: delta, dk_stride: dk.stride,
      q_stride: q.stride, k_stride: k.stride, v_stride: v.stride, queries: q.tokens,
      keys: k.tokens, heads: operands.heads, head_width: operands.headWidth,
      scale: operands.scale, is_causal: operands.isCausal)
  }

  func differentiateValues() {
    let dv = gradients.values
    launch("attention_plain_backward_values", grid: keyGrid)(
      dv: dv, q: q, k: k, dy: dy, log_sums: logSums, dv_stride: dv.stride, q_stride: q.stride,
      k_stride: k.stride, queries: q.tokens, keys: k.tokens, heads: operands.heads,
      head_width: operands.headWidth, scale: operands.scale, is_causal: operands.isCausal)
  }
}

extension AttentionOperands {
  /// One block per `rows` rows of each head.
  fileprivate func grid(_ tokens: Int, by rows: Int) -> Grid {
    Grid((tokens + rows - 1) / rows, samples * heads)
  }
}

extension Columns: KernelArgument {
  /// The address of the first column's first row.
  func word(as type: KernelSignature.ParameterType) -> UInt64? {
    (tensor.deviceAddress + UInt64(first * tensor.elementType.byteWidth)).word(as: type)
  }
}
