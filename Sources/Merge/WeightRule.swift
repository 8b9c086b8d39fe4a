import Glibc

/// A rule that gives files their weights.
enum WeightRule: Hashable {
  /// Each typed weight divided by the sum of all.
  case average

  /// The exponential moving average of checkpoints, in their order.
  case decay(Double)

  /// The moving average whose profile is a power of time.
  ///
  /// Source: Karras et al., "Analyzing and Improving the Training Dynamics of Diffusion Models"
  /// (arXiv 2312.02696), with steps counted as musubi-tuner's `lora_post_hoc_ema.py` counts them.
  case power(relativeWidth: Double)

  /// Whether the weights behind the files count.
  var usesWeights: Bool { self == .average }

  /// The rule in a few words, for a result's metadata.
  var text: String {
    switch self {
    case .average: "average"
    case .decay(let share): "ema \(share)"
    case .power(let width): "ema sigma rel \(width)"
    }
  }

  /// The weights of the files in their order; their sum is 1.
  func weights(_ typed: [Double]) -> [Double] {
    switch self {
    case .average:
      let sum = typed.reduce(0, +)
      return typed.map { $0 / sum }
    case .decay(let share): return Self.weights(keeping: typed.dropFirst().map { _ in share })
    case .power(let width):
      let exponent = Self.exponent(relativeWidth: width) + 1
      return Self.weights(
        keeping: typed.indices.dropFirst().map { step in pow(1 - 1 / Double(step), exponent) })
    }
  }

  /// The weights of a running mean that keeps the given share of itself at each later file.
  private static func weights(keeping shares: [Double]) -> [Double] {
    shares.reduce([1]) { weights, share in weights.map { $0 * share } + [1 - share] }
  }

  /// The positive γ of γ³ + 7γ² + (16 − σ⁻²)·γ + 12 − σ⁻² = 0, by bisection.
  static func exponent(relativeWidth: Double) -> Double {
    let square = 1 / (relativeWidth * relativeWidth)
    var (low, high) = (0.0, square.squareRoot())
    for _ in 0..<200 {
      let middle = (low + high) / 2
      let value = ((middle + 7) * middle + 16 - square) * middle + 12 - square
      if value < 0 { low = middle } else { high = middle }
    }
    return (low + high) / 2
  }
}
