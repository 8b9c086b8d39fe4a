package import Compute
import Tensors

extension CUDABackend {
  package func fillMask(_ mask: Tensor, _ dropout: AdapterDropout) {
    let extents = mask.shape.extents
    launch("fill_mask", elementsOf: mask)(
      mask: mask, step: dropout.step, seed: dropout.seed, stream: dropout.stream,
      module: dropout.module,
      rank: dropout.rank, network: dropout.network, samples: extents[0], tokens: extents[1],
      width: extents[2])
  }
}
