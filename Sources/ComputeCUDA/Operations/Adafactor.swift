package import Compute
import Tensors

extension CUDABackend {
  package func adafactor(_ state: AdafactorState, rates: Tensor) {
    var (words, matrices) = ([UInt32](), 0)
    for tensor in state.tensors {
      words += [
        tensor.offset, tensor.outer, tensor.rows, tensor.columns, tensor.inner, tensor.moments,
        matrices, 0,
      ].map(UInt32.init)
      matrices += tensor.outer * tensor.inner
    }
    let means = Tensor(shape: [matrices], elementType: .float32, on: self)
    kernels.launch(
      "adafactor.cu", "adafactor", Self.flat, grid: Grid(state.tensors.count), threads: 512,
      state.parameters.deviceAddress, state.gradient.deviceAddress, state.moments.deviceAddress,
      state.momentum?.deviceAddress ?? 0, means.deviceAddress, tables.address(of: words),
      rates.deviceAddress)
  }
}
