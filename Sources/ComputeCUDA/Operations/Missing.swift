package import Compute

// To be replaced, each by a file of its own.
extension CUDABackend {
  package func convolution(
    _ operands: ConvolutionOperands, into y: Tensor, saving: BranchActivations?
  ) { fatalError() }
  package func convolutionBackward(
    _ operands: ConvolutionOperands, saved: BranchActivations?, gradient dy: Tensor,
    into dx: Tensor?, accumulating: Bool
  ) { fatalError() }
  package func attention(_ operands: AttentionOperands, into y: Tensor, logSums: Tensor) {
    fatalError()
  }
  package func attentionBackward(
    _ operands: AttentionOperands, output: Tensor, logSums: Tensor, gradient dy: Tensor,
    into gradients: AttentionGradients
  ) { fatalError() }
}
