package import Compute
import Tensors

extension CPUBackend {
  package func add(_ a: Tensor, _ b: Tensor, into sum: Tensor) {
    let (a, b, sum) = (Floats(a), Floats(b), Floats(sum))
    forRanges(sum.count, cost: 0.15, step: 16) { range in
      forVectors(range) { sum[$0, $1] = a[$0, $1] + b[$0, $1] }
    }
  }

  package func sumOverPixels(_ x: Tensor, into sums: Tensor, accumulating: Bool) {
    let (samples, channels) = (sums.shape.extents[0], sums.channels)
    let pixels = x.rows / samples
    let (x, sums) = (Floats(x), Floats(sums))
    forRanges(samples, cost: Float(pixels * channels) * 0.1) { range in
      for sample in range {
        forVectors(0..<channels) { channel, lanes in
          var sum = Vector()
          for pixel in 0..<pixels {
            sum += x[(sample * pixels + pixel) * channels + channel, lanes]
          }
          let place = sample * channels + channel
          sums[place, lanes] = accumulating ? sums[place, lanes] + sum : sum
        }
      }
    }
  }
}
