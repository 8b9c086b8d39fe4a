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
    kernels.launch("adafactor", .float32, grid: Grid(state.tensors.count))(
      p: state.parameters, g: state.gradient, moments: state.moments, momentum: state.momentum,
      row_means: means, table: tables.address(of: words), rates: rates)
  }
}
