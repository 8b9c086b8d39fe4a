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
}
