/// How far what is written is from what was asked for, computed from the values as stored.
package struct Verification: Hashable, Sendable {
  /// ‖asked‖².
  package let askedSquared: Double

  /// ‖written − asked‖².
  package let errorSquared: Double

  /// Whether rounding to the element types explains the error of every tensor.
  package let isExplained: Bool

  /// - Parameter roundingSquared: The most that rounding can have done, as a norm, squared.
  package init(
    askedSquared: Double = 0, errorSquared: Double = 0, roundingSquared: Double = .infinity
  ) {
    self.init(
      askedSquared: askedSquared, errorSquared: errorSquared,
      isExplained: errorSquared.isFinite && errorSquared <= roundingSquared)
  }

  init(askedSquared: Double, errorSquared: Double, isExplained: Bool) {
    self.askedSquared = askedSquared
    self.errorSquared = errorSquared
    self.isExplained = isExplained
  }

  package static func + (a: Verification, b: Verification) -> Verification {
    Verification(
      askedSquared: a.askedSquared + b.askedSquared, errorSquared: a.errorSquared + b.errorSquared,
      isExplained: a.isExplained && b.isExplained)
  }

  /// ‖written − asked‖ / ‖asked‖: 0 where nothing was lost, even of nothing; never NaN.
  package var relativeError: Double {
    if errorSquared == 0 { return 0 }
    guard errorSquared.isFinite, askedSquared > 0 else { return .infinity }
    return (errorSquared / askedSquared).squareRoot()
  }

  /// The share of ‖asked‖² that is kept.
  package var energyKept: Double { max(0, 1 - relativeError * relativeError) }
}
