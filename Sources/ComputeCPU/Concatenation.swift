package import Compute

extension CPUBackend {
  package func copyColumns(
    of x: Tensor, from: Int, to y: Tensor, at to: Int, width: Int, accumulating: Bool
  ) {
    let (rows, xStride, yStride) = (x.rows, x.channels, y.channels)
    let (x, y) = (Floats(x), Floats(y))
    forRanges(rows, cost: Float(width) * 0.15) { range in
      for row in range {
        let (source, target) = (row * xStride + from, row * yStride + to)
        if accumulating {
          forVectors(0..<width) { y[target + $0, $1] = y[target + $0, $1] + x[source + $0, $1] }
        } else {
          y.copy(x, from: source, to: target, count: width)
        }
      }
    }
  }
}
