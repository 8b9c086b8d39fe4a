package import Compute

extension CPUBackend {
  package func scale(_ x: Tensor, by factor: Tensor, into y: Tensor) {
    let factor = Floats(factor)[0]
    let (x, y) = (Floats(x), Floats(y))
    forRanges(y.count, cost: 0.15, step: 16) { range in
      forVectors(range) { y[$0, $1] = x[$0, $1] * factor }
    }
  }
}
