package import Compute

extension CUDABackend {
  package func activate(_ x: Tensor, _ activation: Activation, into y: Tensor) {
    launch(
      "activation.cu", "activate", packsOf: y, x.deviceAddress, y.deviceAddress,
      activation.number, UInt64(y.count))
  }

  package func activateBackward(
    _ x: Tensor, _ activation: Activation, gradient dy: Tensor, into dx: Tensor, accumulating: Bool
  ) {
    launch(
      "activation.cu", "activate_backward", packsOf: dx, x.deviceAddress, dy.deviceAddress,
      dx.deviceAddress, activation.number, accumulating.word, UInt64(dx.count))
  }
}

extension Activation {
  /// `ActivationKind` of the kernels.
  var number: Int32 {
    switch self {
    case .silu: 0
    case .gelu: 1
    case .quickGELU: 2
    }
  }
}

extension Activation? {
  /// `ActivationKind` of the kernels.
  var number: Int32 { map(\.number) ?? -1 }
}
