package import Compute

extension CPUBackend {
  package func scale(_ x: Tensor, by factor: Tensor, into y: Tensor) {
    let factor = Floats(factor)[0]
    let (x, y) = (Floats(x), Floats(y))
    forRanges(y.count, cost: 0.15, step: 16) { range in
      forVectors(range) { y[$0, $1] = x[$0, $1] * factor }
    }
  }

  package func mix(_ x: Tensor, _ alpha: Tensor, _ y: Tensor, _ beta: Tensor, into z: Tensor) {
    let (alpha, beta) = (Floats(alpha), Floats(beta))
    let (x, y, z) = (Floats(x), Floats(y), Floats(z))
    let each = z.count / max(1, alpha.count)
    for sample in 0..<alpha.count {
      let (a, b) = (alpha[sample], beta[sample])
      forVectors(sample * each..<(sample + 1) * each) {
        z[$0, $1] = x[$0, $1] * a + y[$0, $1] * b
      }
    }
  }
}
