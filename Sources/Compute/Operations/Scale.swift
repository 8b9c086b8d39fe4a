import Tensors

extension Tensor {
  /// Returns x·factor, with one factor on the device for all elements.
  package func scaled(by factor: Tensor) -> Tensor {
    precondition(factor.count == 1, "\(factor.shape) is not one factor")
    let y = empty(shape)
    backend.scale(detached, by: factor, into: y)
    guard let tape = tape(of: self) else { return y }
    return tape.record(y) { [node] dy in
      let dx = dy.empty(dy.shape)
      dy.backend.scale(dy, by: factor, into: dx)
      node?.add(dx)
    }
  }

  /// Returns α·x + β·y with one α and β per sample: noise at each sample's level, or its target.
  ///
  /// - Parameters:
  ///   - alpha: [b], as `beta`.
  ///   - other: Has the same shape; no gradient flows to either.
  package func mixed(_ alpha: Tensor, with other: Tensor, _ beta: Tensor) -> Tensor {
    let samples = shape.extents[0]
    precondition(shape == other.shape && alpha.count == samples && beta.count == samples)
    let z = empty(shape)
    backend.mix(detached, alpha, other.detached, beta, into: z)
    return z
  }
}
