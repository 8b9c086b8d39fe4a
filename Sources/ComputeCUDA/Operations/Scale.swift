package import Compute

extension Kernel {
  fileprivate static let scale = Kernel("elementwise.cu", "scale")
  fileprivate static let scaleF32 = Kernel("elementwise.cu", "scale_f32")
  fileprivate static let mix = Kernel("elementwise.cu", "mix")
}

extension CUDABackend {
  package func scale(_ x: Tensor, by factor: Tensor, into y: Tensor) {
    launch(x.elementType == y.elementType ? .scale : .scaleF32, packsOf: y)(
      x: x, factor: factor, y: y, count: y.count)
  }

  package func mix(_ x: Tensor, _ alpha: Tensor, _ y: Tensor, _ beta: Tensor, into z: Tensor) {
    launch(.mix, packsOf: z)(
      x: x, alpha: alpha, y: y, beta: beta, z: z, size: z.count / max(1, alpha.count),
      count: z.count)
  }
}
