package import Compute
import Tensors

extension Kernel {
  fileprivate static let fillMask = Kernel("fill_mask.cu", "fill_mask")
}

extension CUDABackend {
  package func fillMask(_ mask: Tensor, _ dropout: AdapterDropout, step: Tensor) {
    let extents = mask.shape.extents
    launch(.fillMask, elementsOf: mask)(
      mask: mask, step: step, seed: dropout.seed, stream: dropout.stream, module: dropout.module,
      rank: dropout.rank, network: dropout.network, samples: extents[0], tokens: extents[1],
      width: extents[2])
  }
}
