import Tensors

extension Tensor {
  /// Returns the sum, element by element, of two tensors of one shape.
  package func adding(_ other: Tensor) -> Tensor {
    precondition(shape == other.shape, "\(shape) and \(other.shape) cannot be added")
    let sum = empty(shape)
    backend.add(detached, other.detached, into: sum)
    guard let tape = tape(of: self, other) else { return sum }
    return tape.record(sum) { [node] dy in
      node?.add(dy)
      other.node?.add(dy)
    }
  }
}
