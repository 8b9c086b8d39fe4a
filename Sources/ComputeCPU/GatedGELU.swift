package import Compute

extension CPUBackend {
  package func gatedGELU(_ x: Tensor, into y: Tensor) {
    let width = y.channels
    let (rows, x, y) = (y.rows, Floats(x), Floats(y))
    forRanges(rows, cost: Float(width) * 1.5) { range in
      for row in range {
        for (channel, lanes) in Vectors(0..<width) {
          let gate = x[(2 * row + 1) * width + channel, lanes]
          y[row * width + channel, lanes] =
            x[2 * row * width + channel, lanes] * gate * normalDistribution(gate).probability
        }
      }
    }
  }

  package func gatedGELUBackward(
    _ x: Tensor, gradient dy: Tensor, into dx: Tensor, accumulating: Bool
  ) {
    let width = dy.channels
    let (rows, x) = (dy.rows, Floats(x))
    let (dy, dx) = (Floats(dy), Floats(dx))
    forRanges(rows, cost: Float(width) * 2) { range in
      for row in range {
        for (channel, lanes) in Vectors(0..<width) {
          let (a, b) = (2 * row * width + channel, (2 * row + 1) * width + channel)
          let gate = x[b, lanes]
          let (probability, density) = normalDistribution(gate)
          let gradient = dy[row * width + channel, lanes]
          let da = gradient * gate * probability
          let db = gradient * x[a, lanes] * probability.addingProduct(gate, density)
          dx[a, lanes] = accumulating ? dx[a, lanes] + da : da
          dx[b, lanes] = accumulating ? dx[b, lanes] + db : db
        }
      }
    }
  }
}
