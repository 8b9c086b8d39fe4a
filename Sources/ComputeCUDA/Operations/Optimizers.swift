package import Compute
import Tensors

extension CUDABackend {
  package func norm(of gradient: Tensor, into norm: Tensor) {
    let pieces = (gradient.count + 4095) / 4096
    let partials = Tensor(shape: [pieces], elementType: .float32, on: self)
    kernels.launch("norm_partials", .float32, grid: Grid(pieces))(
      partials: partials, g: gradient, count: gradient.count)
    kernels.launch("norm_of_partials", .float32, grid: Grid(1))(
      norm: norm, partials: partials, count: pieces)
  }

  package func clip(_ gradient: Tensor, norm: Tensor, to limit: Float) {
    launch("clip", elementsOf: gradient)(
      g: gradient, norm: norm, limit: limit, count: gradient.count)
  }

  package func adamW(_ state: AdamState, rates: Tensor) {
    launch("adamw", elementsOf: state.parameters)(
      p: state.parameters, m: state.first, v: state.second, g: state.gradient, rates: rates,
      count: state.parameters.count)
  }

  package func lion(_ parameters: Tensor, gradient: Tensor, momentum: Tensor, rates: Tensor) {
    launch("lion", elementsOf: parameters)(
      p: parameters, m: momentum, g: gradient, rates: rates, count: parameters.count)
  }

  package func momentumSGD(
    _ parameters: Tensor, gradient: Tensor, momentum: Tensor, rates: Tensor
  ) {
    launch("momentum_sgd", elementsOf: parameters)(
      p: parameters, m: momentum, g: gradient, rates: rates, count: parameters.count)
  }

  package func limitNorms(_ parameters: Tensor, of products: [LowRankProduct], to limit: Float) {
    let words = products.flatMap { product -> [UInt32] in
      let extents = [product.down, product.up, product.rank, product.inputs, product.outputs]
      return extents.map(UInt32.init) + [product.scale.bitPattern, 0, 0]
    }
    let tiles = products.map { ($0.rank + 15) / 16 * (($0.rank + 15) / 16) }.max() ?? 0
    let partials = Tensor(shape: [products.count, tiles], elementType: .float64, on: self)
    let table = tables.address(of: words)
    kernels.launch("limit_norms_partials", .float32, grid: Grid(tiles, products.count))(
      partials: partials, p: parameters, table: table)
    kernels.launch("limit_norms", .float32, grid: Grid(products.count))(
      p: parameters, partials: partials, table: table, limit: limit, tiles: tiles)
  }
}
