import Testing

@testable import Inspect

@Suite struct ModuleInspectionTests {
  private static let effectiveRanks: [([Double], Double)] = [
    ([], 0), ([0, 0], 0), ([5], 1), ([1, 1, 1, 1], 4), ([1, 0, 0], 1),
  ]

  @Test(arguments: effectiveRanks)
  func effectiveRankIsTheExponentialOfEntropy(values: [Double], rank: Double) {
    #expect(abs(ModuleInspection.effectiveRank(of: values) - rank) < 1e-12)
  }

  private static let energies: [([Double], Int, Double)] = [
    ([4, 3], 1, 16.0 / 25), ([2, 1, 1], 2, 5.0 / 6), ([0, 0], 1, 1), ([], 1, 1), ([1], 0, 0),
  ]

  @Test(arguments: energies)
  func energyIsTheShareOfSquares(values: [Double], rank: Int, share: Double) {
    #expect(abs(energyKept(of: values, rank: rank) - share) < 1e-12)
  }
}
