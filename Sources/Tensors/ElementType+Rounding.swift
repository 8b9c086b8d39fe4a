// Bounds on rounding errors.

extension ElementType {
  /// The maximal squared norm of the errors of rounding numbers to the type.
  ///
  /// A number moves by at most half the distance of its neighbours: u times the number, and below
  /// the smallest normal number u times that one. Numbers beyond the range are not considered.
  ///
  /// - Parameters:
  ///   - squaredNorm: The sum of the squares of the numbers as stored.
  ///   - count: The number of numbers.
  package func mostRounding(squaredNorm: Double, count: Int) -> Double {
    let (unit, leastNormal) = precision
    return unit * unit * (squaredNorm + Double(count) * leastNormal * leastNormal)
  }

  /// Half the distance from 1 to the next number, and the smallest normal number.
  private var precision: (unit: Double, leastNormal: Double) {
    switch self {
    case .float64: (0x1p-53, .leastNormalMagnitude)
    case .float32: (0x1p-24, Double(Float.leastNormalMagnitude))
    case .bfloat16: (0x1p-8, Double(Float.leastNormalMagnitude))
    case .float16: FloatFormat.float16.precision
    default: FloatFormat(self)?.precision ?? (0.5, 1)
    }
  }
}

extension FloatFormat {
  fileprivate var precision: (unit: Double, leastNormal: Double) {
    (
      Double(sign: .plus, exponent: -mantissaBits - 1, significand: 1),
      Double(sign: .plus, exponent: 1 - bias, significand: 1)
    )
  }
}
