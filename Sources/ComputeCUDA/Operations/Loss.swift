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
    kernels.launch("loss_of_pieces", type, grid: Grid(pieces, samples))(
      partials: partials, gradient: dx, prediction: operands.prediction, target: operands.target,
      weights: operands.weights, thresholds: operands.thresholds, mask: operands.mask,
      kind: operands.distance.number, size: size, channels: dx.channels)
    kernels.launch("loss", type, grid: Grid(1))(
      loss: loss, per_sample: perSample, partials: partials, weights: operands.weights,
      samples: samples, pieces: pieces, size: size)
  }
}

extension Distance {
  /// `DistanceKind` of the kernels.
  fileprivate var number: Int {
    switch self {
    case .squared: 0
    case .absolute: 1
    case .huber: 2
    case .smoothAbsolute: 3
    }
  }
}
