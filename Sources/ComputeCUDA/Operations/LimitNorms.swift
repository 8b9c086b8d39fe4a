package import Compute
import Tensors

extension CUDABackend {
  package func limitNorms(_ parameters: Tensor, of products: [LowRankProduct], to limit: Float) {
    let words = products.flatMap { product -> [UInt32] in
      let extents = [product.down, product.up, product.rank, product.inputs, product.outputs]
      return extents.map(UInt32.init) + [product.scale.bitPattern, 0, 0]
    }
    let tiles = products.map { ($0.rank + 15) / 16 * (($0.rank + 15) / 16) }.max() ?? 0
    let partials = Tensor(shape: [products.count, tiles], elementType: .float64, on: self)
    let table = tables.address(of: words)
    kernels.launch(
      "limit_norms.cu", "limit_norms_partials", Self.flat, grid: Grid(tiles, products.count),
      partials.deviceAddress, parameters.deviceAddress, table)
    kernels.launch(
      "limit_norms.cu", "limit_norms", Self.flat, grid: Grid(products.count),
      parameters.deviceAddress, partials.deviceAddress, table, limit, UInt32(tiles))
  }
}
