package import Compute
import Tensors

extension CUDABackend {
  package func norm(of gradient: Tensor, into norm: Tensor) {
    let pieces = (gradient.count + 4095) / 4096
    let partials = Tensor(shape: [pieces], elementType: .float32, on: self)
    kernels.launch(
      "norm.cu", "norm_partials", Self.flat, grid: Grid(pieces), partials.deviceAddress,
      gradient.deviceAddress, UInt64(gradient.count))
    kernels.launch(
      "norm.cu", "norm_of_partials", Self.flat, grid: Grid(1), norm.deviceAddress,
      partials.deviceAddress,
      UInt64(pieces))
  }

  package func clip(_ gradient: Tensor, norm: Tensor, to limit: Float) {
    kernels.launch(
      "clip.cu", "clip", Self.flat, grid: Self.threadEach(gradient), gradient.deviceAddress,
      norm.deviceAddress, limit, UInt64(gradient.count))
  }

  package func adamW(_ state: AdamState, rates: Tensor) {
    kernels.launch(
      "adamw.cu", "adamw", Self.flat, grid: Self.threadEach(state.parameters),
      state.parameters.deviceAddress, state.first.deviceAddress, state.second.deviceAddress,
      state.gradient.deviceAddress, rates.deviceAddress, UInt64(state.parameters.count))
  }

  package func lion(_ parameters: Tensor, gradient: Tensor, momentum: Tensor, rates: Tensor) {
    kernels.launch(
      "lion.cu", "lion", Self.flat, grid: Self.threadEach(parameters), parameters.deviceAddress,
      momentum.deviceAddress, gradient.deviceAddress, rates.deviceAddress,
      UInt64(parameters.count))
  }

  package func momentumSGD(
    _ parameters: Tensor, gradient: Tensor, momentum: Tensor, rates: Tensor
  ) {
    kernels.launch(
      "momentum_sgd.cu", "momentum_sgd", Self.flat, grid: Self.threadEach(parameters),
      parameters.deviceAddress, momentum.deviceAddress, gradient.deviceAddress,
      rates.deviceAddress, UInt64(parameters.count))
  }

  /// How files about flat parameters are compiled: these are float32 whatever the activations are.
  static let flat = ElementType.float32.definitions

  /// Blocks of 256, a thread for each element.
  static func threadEach(_ tensor: Tensor) -> Grid { Grid((tensor.count + 255) / 256) }
}
