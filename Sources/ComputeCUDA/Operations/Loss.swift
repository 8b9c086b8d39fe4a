package import Compute
import Tensors

extension CUDABackend {
  package func loss(
    _ operands: LossOperands, into loss: Tensor, perSample: Tensor, gradient dx: Tensor
  ) {
    let type = operands.prediction.elementType
    precondition(operands.target.elementType == .float32, "the target of a loss is float32")
    let samples = perSample.count
    let size = dx.count / samples
    let pieces = (size + 256 * type.packCount - 1) / (256 * type.packCount)
    let partials = Tensor(shape: [samples, pieces], elementType: .float32, on: self)
    kernels.launch(
      "loss.cu", "loss_of_pieces", type.definitions, grid: Grid(pieces, samples),
      partials.deviceAddress, dx.deviceAddress, operands.prediction.deviceAddress,
      operands.target.deviceAddress, operands.weights.deviceAddress,
      operands.thresholds?.deviceAddress ?? 0, operands.mask?.deviceAddress ?? 0,
      operands.distance.number, UInt32(size), UInt32(dx.channels))
    kernels.launch(
      "loss.cu", "loss", type.definitions, grid: Grid(1), loss.deviceAddress,
      perSample.deviceAddress, partials.deviceAddress, operands.weights.deviceAddress,
      UInt32(samples), UInt32(pieces), UInt32(size))
  }
}

extension Distance {
  /// `DistanceKind` of the kernels.
  fileprivate var number: Int32 {
    switch self {
    case .squared: 0
    case .absolute: 1
    case .huber: 2
    case .smoothAbsolute: 3
    }
  }
}
