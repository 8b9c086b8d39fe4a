package import Compute

extension Kernel {
  fileprivate static let activate = Kernel("activation.cu", "activate")
  fileprivate static let activateBackward = Kernel("activation.cu", "activate_backward")
}

extension CUDABackend {
  package func activate(_ x: Tensor, _ activation: Activation, into y: Tensor) {
    launch(.activate, packsOf: y)(x: x, y: y, activation: activation.number, count: y.count)
  }

  package func activateBackward(
    _ x: Tensor, _ activation: Activation, gradient dy: Tensor, into dx: Tensor, accumulating: Bool
  ) {
    launch(.activateBackward, packsOf: dx)(
      x: x, dy: dy, dx: dx, activation: activation.number, accumulating: accumulating,
      count: dx.count)
  }
}

extension Activation {
  /// `ActivationKind` of the kernels.
  var number: Int {
    switch self {
    case .silu: 0
    case .gelu: 1
    case .quickGELU: 2
    }
  }
}

extension Activation? {
  /// `ActivationKind` of the kernels.
  var number: Int { map(\.number) ?? -1 }
}
