import Compute
import Tensors

/// The factor of the loss that keeps fp16's gradients from vanishing: as large as it can be without an
/// infinity.
///
/// Source: Micikevicius et al., "Mixed Precision Training" (2018); the numbers are PyTorch's.
struct LossScale {
  private(set) var value: Float = 65536

  /// 1 / value on the device, after `send`.
  let inverse: Tensor
  private var goodSteps = 0

  init(on backend: any Backend) {
    inverse = Tensor(zeros: [1], on: backend)
  }

  func send() { inverse.write([1 / value]) }

  /// Halves the scale after a step whose gradient was infinite, doubles it after 2000 good ones.
  mutating func update(isFinite: Bool) {
    goodSteps = isFinite ? goodSteps + 1 : 0
    if !isFinite { value = max(1, value / 2) }
    if goodSteps == 2000 {
      value *= 2
      goodSteps = 0
    }
  }
}
