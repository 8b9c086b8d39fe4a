package import Compute
import Tensors

extension CPUBackend {
  package func groupNorm(
    _ x: Tensor, _ norm: NormOperands, into y: Tensor, statistics: Tensor
  ) {
    let plan = GroupPlan(x, norm, statistics)
    let result = Floats(y)
    perform(plan) { sample, groups in
      plan.measure(sample, groups)
      plan.normalize(sample, groups, into: result)
    }
  }

  package func groupNormBackward(
    _ x: Tensor, _ norm: NormOperands, statistics: Tensor, gradient dy: Tensor, into dx: Tensor,
    accumulating: Bool
  ) {
    let plan = GroupPlan(x, norm, statistics)
    let (gradient, result) = (Floats(dy), Floats(dx))
    perform(plan) { sample, groups in
      let channels = groups.count * plan.channelsOfGroup
      withScratch(2 * channels) { sums in
        plan.sumGradients(sample, groups, gradient, into: sums)
        plan.inputGradient(sample, groups, gradient, sums, into: result, accumulating)
      }
    }
  }

  /// Shares samples and ranges of groups among the threads.
  private func perform(_ plan: GroupPlan, _ body: (Int, Range<Int>) -> Void) {
    let threads = threads(for: Float(plan.samples * plan.pixels * plan.channels))
    let ranges = min(plan.groups, (threads + plan.samples - 1) / plan.samples)
    workers.perform(threads == 1 ? 1 : plan.samples * ranges) { part in
      if threads == 1 {
        for sample in 0..<plan.samples { body(sample, 0..<plan.groups) }
      } else {
        let range = part % ranges
        body(
          part / ranges, plan.groups * range / ranges..<plan.groups * (range + 1) / ranges)
      }
    }
  }
}

/// The host's view of a group normalization.
private struct GroupPlan: Sendable {
  let samples: Int
  let pixels: Int
  let channels: Int
  let groups: Int
  let channelsOfGroup: Int
  private let x: Floats
  private let weight: Floats
  private let bias: Floats
  private let statistics: Floats
  private let epsilon: Float
  private let activation: Activation?

  init(_ x: Tensor, _ norm: NormOperands, _ statistics: Tensor) {
    samples = x.shape.extents[0]
    channels = x.channels
    pixels = x.rows / samples
    groups = norm.groups
    channelsOfGroup = channels / groups
    self.x = Floats(x)
    weight = Floats(norm.weight)
    bias = Floats(norm.bias)
    self.statistics = Floats(statistics)
    epsilon = norm.epsilon
    activation = norm.activation
  }

  private func mean(_ sample: Int, _ group: Int) -> Float { statistics[sample * groups + group] }

  private func inverse(_ sample: Int, _ group: Int) -> Float {
    statistics[(samples + sample) * groups + group]
  }

  private func channels(of groups: Range<Int>) -> Range<Int> {
    groups.lowerBound * channelsOfGroup..<groups.upperBound * channelsOfGroup
  }

  /// Computes mean and 1/√(variance + ε) of some groups of a sample.
  ///
  /// Differences from the first pixel's value are summed, in blocks of 32 pixels, which avoids
  /// cancellation where the mean is large.
  func measure(_ sample: Int, _ groups: Range<Int>) {
    let start = sample * pixels * channels
    var sums = [Float](repeating: 0, count: 2 * groups.count)
    for (channel, lanes) in Vectors(channels(of: groups)) {
      let origin = x[start + channel, lanes]
      var (total, totalSquares) = (Vector(), Vector())
      for block in stride(from: 0, to: pixels, by: 32) {
        var (sum, squares) = (Vector(), Vector())
        for pixel in block..<min(block + 32, pixels) {
          let difference = x[start + pixel * channels + channel, lanes] - origin
          sum += difference
          squares.addProduct(difference, difference)
        }
        total += sum
        totalSquares += squares
      }
      for lane in 0..<lanes {
        let group = (channel + lane) / channelsOfGroup - groups.lowerBound
        let shift = origin[lane] - x[start + (group + groups.lowerBound) * channelsOfGroup]
        sums[2 * group] += total[lane] + Float(pixels) * shift
        sums[2 * group + 1] +=
          totalSquares[lane] + shift * (2 * total[lane] + Float(pixels) * shift)
      }
    }
    let count = Float(pixels * channelsOfGroup)
    for group in groups {
      let index = 2 * (group - groups.lowerBound)
      let difference = sums[index] / count
      let variance = max(0, sums[index + 1] / count - difference * difference)
      statistics[sample * self.groups + group] = x[start + group * channelsOfGroup] + difference
      statistics[(samples + sample) * self.groups + group] = 1 / (variance + epsilon).squareRoot()
    }
  }

  /// The factor and addend of each of some channels, as two lists one after the other.
  private func coefficients(_ sample: Int, _ groups: Range<Int>) -> [Float] {
    let range = channels(of: groups)
    var result = [Float](repeating: 0, count: 2 * range.count)
    for channel in range {
      let group = channel / channelsOfGroup
      let factor = inverse(sample, group) * weight[channel]
      result[channel - range.lowerBound] = factor
      result[range.count + channel - range.lowerBound] =
        bias[channel] - mean(sample, group) * factor
    }
    return result
  }

  func normalize(_ sample: Int, _ groups: Range<Int>, into y: Floats) {
    let range = channels(of: groups)
    withCoefficients(sample, groups) { coefficients in
      for pixel in 0..<pixels {
        let start = (sample * pixels + pixel) * channels
        for (channel, lanes) in Vectors(range) {
          let factor = coefficients[channel - range.lowerBound, lanes]
          let addend = coefficients[range.count + channel - range.lowerBound, lanes]
          let z = addend.addingProduct(factor, x[start + channel, lanes])
          y[start + channel, lanes] = activation.map { $0.value(z) } ?? z
        }
      }
    }
  }

  /// Sums dz and dz·x̂ over the pixels, channel by channel: two lists one after the other.
  func sumGradients(_ sample: Int, _ groups: Range<Int>, _ dy: Floats, into sums: Floats) {
    let range = channels(of: groups)
    sums.fill(0..<2 * range.count, with: 0)
    withCoefficients(sample, groups) { coefficients in
      for pixel in 0..<pixels {
        let start = (sample * pixels + pixel) * channels
        for (channel, lanes) in Vectors(range) {
          let place = channel - range.lowerBound
          let x = x[start + channel, lanes]
          let dz = gradient(
            dy[start + channel, lanes], x, coefficients[place, lanes],
            coefficients[range.count + place, lanes])
          sums[place, lanes] = sums[place, lanes] + dz
          sums[range.count + place, lanes] =
            sums[range.count + place, lanes].addingProduct(dz, x)
        }
      }
    }
  }

  /// Computes dx = γ·dz/σ − (mean of γ·dz + x̂ · mean of γ·dz·x̂)/σ, the means over a group.
  func inputGradient(
    _ sample: Int, _ groups: Range<Int>, _ dy: Floats, _ sums: Floats, into dx: Floats,
    _ accumulating: Bool
  ) {
    let range = channels(of: groups)
    var terms = [Float](repeating: 0, count: 2 * range.count)
    let count = Float(pixels * channelsOfGroup)
    for group in groups {
      let members = channels(of: group..<group + 1)
      let (mean, inverse) = (mean(sample, group), inverse(sample, group))
      var (sum, product) = (Float(0), Float(0))
      for channel in members {
        let (dz, dzx) = (
          sums[channel - range.lowerBound], sums[range.count + channel - range.lowerBound]
        )
        sum += weight[channel] * dz
        product += weight[channel] * (dzx - mean * dz) * inverse
      }
      let slope = -inverse * inverse * product / count
      for channel in members {
        terms[channel - range.lowerBound] = slope
        terms[range.count + channel - range.lowerBound] = -inverse * sum / count - slope * mean
      }
    }
    write(sample, groups, dy, terms, into: dx, accumulating)
  }

  /// Writes factor·dz + slope·x + offset; `terms` are the slopes, then the offsets.
  private func write(
    _ sample: Int, _ groups: Range<Int>, _ dy: Floats, _ terms: [Float], into dx: Floats,
    _ accumulating: Bool
  ) {
    let range = channels(of: groups)
    withCoefficients(sample, groups) { coefficients in
      terms.withFloats { terms in
        for pixel in 0..<pixels {
          let start = (sample * pixels + pixel) * channels
          for (channel, lanes) in Vectors(range) {
            let place = channel - range.lowerBound
            let (x, factor) = (x[start + channel, lanes], coefficients[place, lanes])
            let dz = gradient(
              dy[start + channel, lanes], x, factor, coefficients[range.count + place, lanes])
            let value =
              (factor * dz).addingProduct(terms[place, lanes], x)
              + terms[range.count + place, lanes]
            dx[start + channel, lanes] = accumulating ? dx[start + channel, lanes] + value : value
          }
        }
      }
    }
  }

  /// The gradient before the activation.
  @inline(__always)
  private func gradient(
    _ dy: Vector, _ x: Vector, _ factor: Vector, _ addend: Vector
  ) -> Vector {
    guard let activation else { return dy }
    return dy * activation.derivative(addend.addingProduct(factor, x))
  }

  private func withCoefficients(_ sample: Int, _ groups: Range<Int>, _ body: (Floats) -> Void) {
    coefficients(sample, groups).withFloats(body)
  }
}

extension [Float] {
  /// Lends the elements to loops over vectors.
  func withFloats(_ body: (Floats) -> Void) {
    unsafe withUnsafeBufferPointer { buffer in
      body(Floats(address: UInt(bitPattern: buffer.baseAddress), count: buffer.count))
    }
  }
}
