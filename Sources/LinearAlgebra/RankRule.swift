/// How many of a spectrum's values to keep.
///
/// Each rule takes the smallest rank that fulfils it, exactly: no value more, none less.
package enum RankRule: Hashable, Sendable {
  case fixed(Int)

  /// All values of at least the largest divided by so much.
  case ratio(Double)

  /// As many as hold this share of the Frobenius norm.
  case frobenius(Double)

  /// As many as hold this share of the sum of the values.
  case cumulative(Double)

  /// - Parameter values: Singular values, largest first.
  /// - Returns: At least 1 (of an update that is zero, 1) and at most `values.count`, where there
  ///   are values at all.
  package func rank(for values: [Double]) -> Int {
    let wanted =
      switch self {
      case .fixed(let rank): rank
      case .ratio(let ratio):
        values.prefix { $0 > 0 && $0 >= (values.first ?? 0) / ratio }.count
      case .frobenius(let share):
        Self.smallestRank(of: values.map { $0 * $0 }, reaching: share * share)
      case .cumulative(let share): Self.smallestRank(of: values, reaching: share)
      }
    return min(max(wanted, 1), max(values.count, 1))
  }

  private static func smallestRank(of terms: [Double], reaching share: Double) -> Int {
    let total = terms.reduce(0, +)
    var sum = 0.0
    for (index, term) in terms.enumerated() {
      sum += term
      if sum / total >= share { return index + 1 }
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

  /// - Parameter hasWideKernel: Whether the layer is a convolution that `convolutionRank` is for.
  /// - Returns: At least 1 and at most `values.count`, where there are values at all.
  package func rank(for values: [Double], hasWideKernel: Bool) -> Int {
    let rule = hasWideKernel ? convolutionRank.map(RankRule.fixed) ?? self.rule : self.rule
    return min(rule.rank(for: values), maximum ?? .max)
  }

  /// The rank, where it does not depend on the values.
  package func fixedRank(hasWideKernel: Bool) -> Int? {
    if hasWideKernel, let convolutionRank { return min(convolutionRank, maximum ?? .max) }
    guard case .fixed(let rank) = rule else { return nil }
    return min(rank, maximum ?? .max)
  }

  /// Whether the rule needs the sum of all values, the smallest too.
  package var needsWholeSpectrum: Bool {
    if case .cumulative = rule { true } else { false }
  }
}
