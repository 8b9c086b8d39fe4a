/// The distance between a written result and the exact one, computed from the stored values.
package struct Verification: Hashable, Sendable {
  /// ‖asked‖².
  package let askedSquared: Double

  /// ‖written − asked‖².
  package let errorSquared: Double

  /// ‖asked‖², or what it would be if its terms did not cancel.
  private let termsSquared: Double

  /// Whether rounding to the element types explains the error of every tensor.
  package let isExplained: Bool

  /// - Parameters:
  ///   - termsSquared: ‖asked‖² as it would be if its terms did not cancel; `nil` where they
  ///     cannot.
  ///   - roundingSquared: The upper bound of the rounding error's norm, squared.
  package init(
    askedSquared: Double = 0, errorSquared: Double = 0, termsSquared: Double? = nil,
    roundingSquared: Double = .infinity
  ) {
    self.init(
      askedSquared, errorSquared, termsSquared ?? askedSquared,
      isExplained: errorSquared.isFinite && errorSquared <= roundingSquared)
  }

  private init(
    _ askedSquared: Double, _ errorSquared: Double, _ termsSquared: Double, isExplained: Bool
  ) {
    self.askedSquared = askedSquared
    self.errorSquared = errorSquared
    self.termsSquared = termsSquared
    self.isExplained = isExplained
  }

  package static func + (a: Verification, b: Verification) -> Verification {
    Verification(
      a.askedSquared + b.askedSquared, a.errorSquared + b.errorSquared,
      a.termsSquared + b.termsSquared, isExplained: a.isExplained && b.isExplained)
  }

  /// ‖written − asked‖ / ‖asked‖; 0 where nothing was lost, even if ‖asked‖ is 0; never NaN.
  package var relativeError: Double {
    if errorSquared == 0 { return 0 }
    guard errorSquared.isFinite, askedSquared > 0 else { return .infinity }
    return (errorSquared / askedSquared).squareRoot()
  }

  /// The share of ‖asked‖² that is kept.
  package var energyKept: Double { max(0, 1 - relativeError * relativeError) }

  /// Whether less than half of ‖asked‖² is kept.
  package var isMostlyLost: Bool { energyKept < 0.5 }

  /// Whether the error is under a hundredth of the norm of terms that cancel.
  package var isOfCancellation: Bool { errorSquared <= 1e-4 * termsSquared }
}
