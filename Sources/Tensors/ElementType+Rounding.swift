// How far rounding may take numbers from what they were.

extension ElementType {
  /// The most that rounding numbers to the type may have done to them, by its norm, squared.
  ///
  /// A number moves by half the distance of its neighbours at most: u times the number, and below
  /// the least normal number u times that one. Of numbers beyond the range it says nothing.
  ///
  /// - Parameters:
  ///   - squaredNorm: The sum of the squares of the numbers as stored.
  ///   - count: How many there are.
  package func mostRounding(squaredNorm: Double, count: Int) -> Double {
    let (unit, leastNormal) = precision
    return unit * unit * (squaredNorm + Double(count) * leastNormal * leastNormal)
  }

  /// Half the distance from 1 to the next number, and the least number that has all its places.
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
