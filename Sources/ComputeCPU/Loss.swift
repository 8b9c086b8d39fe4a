package import Compute

extension CPUBackend {
  package func loss(
    _ operands: LossOperands, into loss: Tensor, perSample: Tensor, gradient dx: Tensor
  ) {
    let samples = perSample.count
    let (pixels, channels) = (dx.rows / samples, dx.channels)
    let (prediction, target) = (Floats(operands.prediction), Floats(operands.target))
    let (weights, gradient) = (Floats(operands.weights), Floats(dx))
    let thresholds = operands.thresholds.map { Floats($0) }
    let mask = operands.mask.map { Floats($0) }
    let parts = Floats(perSample)
    for sample in 0..<samples {
      let weight = weights[sample] / Float(pixels * channels)
      let threshold = thresholds?[sample] ?? 1
      var sum = 0.0
      for pixel in sample * pixels..<(sample + 1) * pixels {
        let factor = mask?[pixel] ?? 1
        for index in pixel * channels..<(pixel + 1) * channels {
          let (value, slope) = operands.distance.value(
            prediction[index] - target[index], threshold)
          sum += Double(value * factor)
          gradient[index] = slope * factor * weight / Float(samples)
        }
      }
      parts[sample] = Float(sum * Double(weight))
    }
    Floats(loss)[0] =
      Float((0..<samples).reduce(0.0) { $0 + Double(parts[$1]) } / Double(samples))
  }
}

extension Distance {
  /// The distance at a difference, and its derivative.
  func value(_ difference: Float, _ c: Float) -> (value: Float, slope: Float) {
    switch self {
    case .squared:
      return (difference * difference, 2 * difference)
    case .absolute:
      let slope: Float = difference > 0 ? 1 : difference < 0 ? -1 : 0
      return (abs(difference), slope)
    case .huber, .smoothAbsolute:
      let root = (difference * difference + c * c).squareRoot()
      let factor = self == .huber ? 2 * c : 2
      // (√(d² + c²) − c) without cancellation for small d
      return (factor * difference * difference / (root + c), factor * difference / root)
    }
  }
}
