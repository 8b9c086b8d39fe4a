package import Compute

extension CPUBackend {
  package func layerNorm(
    _ x: Tensor, _ norm: NormOperands, into y: Tensor, statistics: Tensor
  ) {
    let (rows, channels) = (x.rows, x.channels)
    let (x, y, statistics) = (Floats(x), Floats(y), Floats(statistics))
    let (weight, bias) = (Floats(norm.weight), Floats(norm.bias))
    forRanges(rows, cost: Float(channels) * 0.4) { range in
      for row in range {
        let start = row * channels
        var sum = Vector()
        forVectors(0..<channels) { sum += x[start + $0, $1] }
        let mean = sum.sum() / Float(channels)
        var squares = Vector()
        for (channel, lanes) in Vectors(0..<channels) {
          let difference = (x[start + channel, lanes] - mean).firstLanes(lanes)
          squares.addProduct(difference, difference)
        }
        let inverse = 1 / (squares.sum() / Float(channels) + norm.epsilon).squareRoot()
        for (channel, lanes) in Vectors(0..<channels) {
          let factor = weight[channel, lanes] * inverse
          y[start + channel, lanes] =
            bias[channel, lanes].addingProduct(factor, x[start + channel, lanes] - mean)
        }
        statistics[row] = mean
        statistics[rows + row] = inverse
      }
    }
  }

  package func layerNormBackward(
    _ x: Tensor, _ norm: NormOperands, statistics: Tensor, gradient dy: Tensor, into dx: Tensor,
    accumulating: Bool
  ) {
    let (rows, channels) = (x.rows, x.channels)
    let (x, statistics, weight) = (Floats(x), Floats(statistics), Floats(norm.weight))
    let (dy, dx) = (Floats(dy), Floats(dx))
    forRanges(rows, cost: Float(channels) * 0.5) { range in
      for row in range {
        let start = row * channels
        let (mean, inverse) = (statistics[row], statistics[rows + row])
        var (sum, product) = (Vector(), Vector())
        for (channel, lanes) in Vectors(0..<channels) {
          let dz = dy[start + channel, lanes] * weight[channel, lanes]
          sum += dz
          product.addProduct(dz, x[start + channel, lanes] - mean)
        }
        let offset = sum.sum() / Float(channels)
        let slope = product.sum() * inverse * inverse / Float(channels)
        for (channel, lanes) in Vectors(0..<channels) {
          let dz = dy[start + channel, lanes] * weight[channel, lanes]
          let value = inverse * (dz - offset - slope * (x[start + channel, lanes] - mean))
          dx[start + channel, lanes] = accumulating ? dx[start + channel, lanes] + value : value
        }
      }
    }
  }
}

extension Vector {
  /// The vector with another's lanes, or 0, from `count` on.
  @inline(__always)
  func firstLanes(_ count: Int, else other: Vector = Vector()) -> Vector {
    count == Vector.scalarCount ? self : replacingLanes(from: count, by: other)
  }

  @inline(never)
  private func replacingLanes(from count: Int, by other: Vector) -> Vector {
    var result = other
    for lane in 0..<count { result[lane] = self[lane] }
    return result
  }
}
