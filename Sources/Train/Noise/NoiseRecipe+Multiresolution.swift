import Glibc
import Tensors

extension NoiseRecipe {
  /// Adds noise of falling resolution, then scales the batch to deviation 1.
  ///
  /// Level i has sides divided by (2 + 2u)ⁱ and weight discountⁱ; level 0 is whole and simply adds
  /// to the white noise. The deviation is that of the whole batch, the offset included.
  ///
  /// Source: sd-scripts' `pyramid_noise_like`.
  func addMultiresolution(to noise: inout [Float], _ shape: LatentShape, _ number: BatchNumber) {
    for level in 0..<multiresolutionIterations {
      let ratio = 2 + 2 * Double(number.stream(.multiresolutionRatio, level: level).uniform)
      let shrink = pow(ratio, Double(level))
      let grid = LatentShape(
        count: 1, height: max(1, Int(Double(shape.height) / shrink)),
        width: max(1, Int(Double(shape.width) / shrink)))
      let weight = Float(pow(multiresolutionDiscount, Double(level)))
      for sample in 0..<shape.count {
        let coarse = number.stream(.multiresolutionNoise, sample: sample, level: level).generator
          .normals(count: grid.sampleCount)
        add(coarse, grid, times: weight, to: &noise, shape, sample: sample)
      }
      if grid.height == 1 || grid.width == 1 { break }
    }
    let deviation = Float(deviation(of: noise))
    for index in noise.indices { noise[index] /= deviation }
  }

  /// Adds a coarse latent, enlarged between its pixels' centres, to one sample.
  private func add(
    _ coarse: [Float], _ grid: LatentShape, times weight: Float, to noise: inout [Float],
    _ shape: LatentShape, sample: Int
  ) {
    let rows = taps(from: grid.height, to: shape.height)
    let columns = taps(from: grid.width, to: shape.width)
    var index = sample * shape.sampleCount
    for row in rows {
      for column in columns {
        for channel in 0..<LatentShape.channels {
          let at = { (y: Int, x: Int) in
            coarse[(y * grid.width + x) * LatentShape.channels + channel]
          }
          let top =
            at(row.low, column.low) * (1 - column.share) + at(row.low, column.high) * column.share
          let bottom =
            at(row.high, column.low) * (1 - column.share) + at(row.high, column.high) * column.share
          noise[index] += weight * (top * (1 - row.share) + bottom * row.share)
          index += 1
        }
      }
    }
  }

  /// The two pixels that an enlarged line takes each pixel from, and the share of the second.
  private func taps(from count: Int, to target: Int) -> [(low: Int, high: Int, share: Float)] {
    let scale = Float(count) / Float(target)
    return (0..<target).map { index in
      let place = max(0, (Float(index) + 0.5) * scale - 0.5)
      let low = min(Int(place), count - 1)
      return (low, min(low + 1, count - 1), place - Float(low))
    }
  }
}

/// The deviation of a sample of numbers, with n − 1.
private func deviation(of numbers: [Float]) -> Double {
  let mean = numbers.reduce(0.0) { $0 + Double($1) } / Double(numbers.count)
  let squares = numbers.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) }
  return (squares / Double(max(1, numbers.count - 1))).squareRoot()
}
