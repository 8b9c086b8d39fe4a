/// A rule for the number of a spectrum's values to keep.
///
/// Each rule takes the smallest rank that fulfils it. Values below 10⁻¹² of the largest count as
/// zero, and a rank that misses a rule by as little fulfils it: a decomposition in 64 bits is no more
/// precise.
package enum RankRule: Hashable, Sendable {
  case fixed(Int)

  /// All values of at least the largest divided by so much.
  case ratio(Double)

  /// Enough values to hold this share of the Frobenius norm.
  case frobenius(Double)

  /// Enough values to hold this share of the sum of the values.
  case cumulative(Double)

  /// - Parameter values: Singular values, largest first.
  /// - Returns: At least 1 (of an update that is zero, 1) and at most `values.count`, where there
  ///   are values at all.
  package func rank(for values: [Double]) -> Int {
    let count = values.count
    let values = Self.significant(values)
    let wanted =
      switch self {
      case .fixed(let rank): rank
      case .ratio(let ratio):
        values.prefix { $0 * ratio >= (values.first ?? 0) * (1 - Self.precision) }.count
      case .frobenius(let share):
        Self.smallestRank(of: values.map { $0 * $0 }, reaching: share * share)
      case .cumulative(let share): Self.smallestRank(of: values, reaching: share)
      }
    return min(max(wanted, 1), max(count, 1))
  }

  private static let precision = 1e-12

  /// The values that are more than the noise of their computation.
  package static func significant(_ values: [Double]) -> [Double] {
    let minimum = (values.first ?? 0) * precision
    return Array(values.prefix { $0 > minimum })
  }

  private static func smallestRank(of terms: [Double], reaching share: Double) -> Int {
    let wanted = terms.reduce(0, +) * share * (1 - precision)
    var sum = 0.0
    for (index, term) in terms.enumerated() {
      sum += term
      if sum >= wanted { return index + 1 }
    }
    return terms.count
  }
}

/// A rule, and what bounds it.
package struct RankChoice: Hashable, Sendable {
  package let rule: RankRule

  /// Instead of the rule, for convolutions with a kernel of more than one pixel.
  package let convolutionRank: Int?
  package let maximum: Int?

  package init(rule: RankRule, convolutionRank: Int? = nil, maximum: Int? = nil) {
    self.rule = rule
    self.convolutionRank = convolutionRank
    self.maximum = maximum
  }

  /// The rank, where it does not depend on the values.
  package func fixedRank(hasWideKernel: Bool) -> Int? {
    guard case .fixed(let rank) = rule(hasWideKernel: hasWideKernel) else { return nil }
    return min(rank, maximum ?? .max)
  }

  /// Whether the rule needs the sum of all values, the smallest too.
  package var needsWholeSpectrum: Bool {
    if case .cumulative = rule { true } else { false }
  }

  private func rule(hasWideKernel: Bool) -> RankRule {
    hasWideKernel ? convolutionRank.map(RankRule.fixed) ?? rule : rule
  }

  /// - Parameter hasWideKernel: Whether the layer is a convolution that `convolutionRank` is for.
  /// - Returns: At least 1 and at most `values.count`, where there are values at all.
  package func rank(for values: [Double], hasWideKernel: Bool) -> Int {
    min(rule(hasWideKernel: hasWideKernel).rank(for: values), maximum ?? .max)
  }
}
