package import Compute

// To be replaced, each by a file of its own.
extension CUDABackend {
  package func fillMask(_ mask: Tensor, _ dropout: AdapterDropout, step: Tensor) { fatalError() }
  package func sumOverPixels(_ x: Tensor, into sums: Tensor, accumulating: Bool) { fatalError() }
  package func groupNorm(_ x: Tensor, _ norm: NormOperands, into y: Tensor, statistics: Tensor) {
    fatalError()
  }
  package func groupNormBackward(
    _ x: Tensor, _ norm: NormOperands, statistics: Tensor, gradient dy: Tensor, into dx: Tensor,
    accumulating: Bool
  ) { fatalError() }
  package func layerNorm(_ x: Tensor, _ norm: NormOperands, into y: Tensor, statistics: Tensor) {
    fatalError()
  }
  package func layerNormBackward(
    _ x: Tensor, _ norm: NormOperands, statistics: Tensor, gradient dy: Tensor, into dx: Tensor,
    accumulating: Bool
  ) { fatalError() }
  package func activate(_ x: Tensor, _ activation: Activation, into y: Tensor) { fatalError() }
  package func activateBackward(
    _ x: Tensor, _ activation: Activation, gradient dy: Tensor, into dx: Tensor, accumulating: Bool
  ) { fatalError() }
  package func gatedGELU(_ x: Tensor, into y: Tensor) { fatalError() }
  package func gatedGELUBackward(
    _ x: Tensor, gradient dy: Tensor, into dx: Tensor, accumulating: Bool
  ) { fatalError() }
  package func copyColumns(
    of x: Tensor, from: Int, to y: Tensor, at to: Int, width: Int, accumulating: Bool
  ) { fatalError() }
  package func upsample(_ x: Tensor, into y: Tensor) { fatalError() }
  package func upsampleBackward(_ dy: Tensor, into dx: Tensor, accumulating: Bool) { fatalError() }
  package func embedTokens(
    _ tokens: Tensor, table: Tensor, positions: Tensor, into y: Tensor
  ) { fatalError() }
  package func embedTimesteps(_ timesteps: Tensor, into y: Tensor) { fatalError() }
  package func loss(
    _ operands: LossOperands, into loss: Tensor, perSample: Tensor, gradient dx: Tensor
  ) { fatalError() }
  package func lion(_ parameters: Tensor, gradient: Tensor, momentum: Tensor, rates: Tensor) {
    fatalError()
  }
  package func momentumSGD(
    _ parameters: Tensor, gradient: Tensor, momentum: Tensor, rates: Tensor
  ) { fatalError() }
  package func prodigy(_ state: ProdigyState, settings: ProdigySettings) { fatalError() }
  package func adafactor(_ state: AdafactorState, rates: Tensor) { fatalError() }
  package func limitNorms(_ parameters: Tensor, of products: [LowRankProduct], to limit: Float) {
    fatalError()
  }
}
