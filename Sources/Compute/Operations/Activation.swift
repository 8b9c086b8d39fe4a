import Tensors

/// A function of one number.
package enum Activation: Hashable, Sendable {
  /// x·σ(x).
  case silu

  /// x·Φ(x) with the exact normal distribution function (by erf, not tanh).
  case gelu

  /// x·σ(1.702·x), as OpenAI's CLIP has it.
  case quickGELU
}

extension Tensor {
  /// Returns the function of each element.
  package func activated(_ activation: Activation) -> Tensor {
    let x = detached
    let y = empty(shape)
    backend.activate(x, activation, into: y)
    guard let tape = tape(of: self) else { return y }
    return tape.record(y) { [node] dy in
      node?.add(like: x) { dx, accumulating in
        dx.backend.activateBackward(
          x, activation, gradient: dy, into: dx, accumulating: accumulating)
      }
    }
  }
}
