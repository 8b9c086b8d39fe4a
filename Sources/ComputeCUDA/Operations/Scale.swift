package import Compute

extension CUDABackend {
  package func scale(_ x: Tensor, by factor: Tensor, into y: Tensor) {
    launch(x.elementType == y.elementType ? "scale" : "scale_f32", packsOf: y)(
      x: x, factor: factor, y: y, count: y.count)
  }
}
