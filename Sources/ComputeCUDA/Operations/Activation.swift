package import Compute

extension CUDABackend {
  package func activate(_ x: Tensor, _ activation: Activation, into y: Tensor) {
    launch("activate", packsOf: y)(
      x: x, y: y, activation: Optional(activation).number, count: y.count)
  }

  package func activateBackward(
    _ x: Tensor, _ activation: Activation, gradient dy: Tensor, into dx: Tensor, accumulating: Bool
  ) {
    launch("activate_backward", packsOf: dx)(
      x: x, dy: dy, dx: dx, activation: Optional(activation).number, accumulating: accumulating,
      count: dx.count)
  }
}

extension Activation? {
  /// `ActivationKind` of the kernels.
  var number: Int {
    switch self {
    case nil: -1
    case .silu: 0
    case .gelu: 1
    case .quickGELU: 2
    }
  }
}
