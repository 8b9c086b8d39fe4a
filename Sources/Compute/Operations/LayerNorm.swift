import Tensors

extension Tensor {
  /// Returns each row with mean 0 and variance 1, scaled and shifted by channel.
  ///
  /// Source: Ba, Kiros and Hinton, "Layer Normalization" (2016).
  package func layerNorm(weight: Tensor, bias: Tensor, epsilon: Float) -> Tensor {
    precondition(weight.count == channels && bias.count == channels, "\(shape)")
    let norm = NormOperands(
      groups: 1, weight: weight, bias: bias, epsilon: epsilon, activation: nil)
    let x = detached
    let y = empty(shape)
    let statistics = Tensor(shape: [2, rows], elementType: .float32, on: backend)
    backend.layerNorm(x, norm, into: y, statistics: statistics)
    guard let tape = tape(of: self) else { return y }
    return tape.record(y) { [node] dy in
      node?.add(like: x) { dx, accumulating in
        dx.backend.layerNormBackward(
          x, norm, statistics: statistics, gradient: dy, into: dx, accumulating: accumulating)
      }
    }
  }
}
