package import Compute
import Tensors

extension CUDABackend {
  package func fillMask(_ mask: Tensor, _ dropout: AdapterDropout, step: Tensor) {
    let extents = mask.shape.extents.map(UInt32.init)
    kernels.launch(
      "fill_mask.cu", "fill_mask", Self.flat, grid: Self.threadEach(mask), mask.deviceAddress,
      step.deviceAddress, dropout.seed, dropout.stream, dropout.module, dropout.rank,
      dropout.network, extents[0], extents[1], extents[2])
  }
}
