package import Compute

extension CUDABackend {
  package func add(_ a: Tensor, _ b: Tensor, into sum: Tensor) {
    launch(
      "elementwise.cu", "add", packsOf: sum, a.deviceAddress, b.deviceAddress, sum.deviceAddress,
      UInt64(sum.count))
  }

  package func scale(_ x: Tensor, by factor: Tensor, into y: Tensor) {
    let entry = x.elementType == y.elementType ? "scale" : "scale_f32"
    launch(
      "elementwise.cu", entry, packsOf: y, x.deviceAddress, factor.deviceAddress,
      y.deviceAddress, UInt64(y.count))
  }

  package func mix(_ x: Tensor, _ alpha: Tensor, _ y: Tensor, _ beta: Tensor, into z: Tensor) {
    launch(
      "elementwise.cu", "mix", packsOf: z, x.deviceAddress, alpha.deviceAddress, y.deviceAddress,
      beta.deviceAddress, z.deviceAddress, UInt64(z.count / max(1, alpha.count)), UInt64(z.count))
  }
}
