import Tensors

extension Tensor {
  /// Returns a·gelu(g) where a row is [a | g]: half as many channels.
  ///
  /// Source: Shazeer, "GLU Variants Improve Transformer" (2020), with the exact GELU.
  package func gatedGELU() -> Tensor {
    precondition(channels % 2 == 0, "\(shape) has no two halves")
    let x = detached
    let y = empty(shape(channels: channels / 2))
    backend.gatedGELU(x, into: y)
    guard let tape = tape(of: self) else { return y }
    return tape.record(y) { [node] dy in
      node?.add(like: x) { dx, accumulating in
        dx.backend.gatedGELUBackward(x, gradient: dy, into: dx, accumulating: accumulating)
      }
    }
  }
}
