import Testing

@testable import Train

@Suite struct SeedListTests {
  @Test(
    arguments: [
      ("1", [1]), ("1,2,3", [1, 2, 3]), ("8-10", [8, 9, 10]), ("8..10,1", [8, 9, 10, 1]),
      ("4294967295", [4_294_967_295]), (" 1, 2", [1, 2]),
    ] as [(String, [UInt32])])
  func isReadAsWritten(_ text: String, _ seeds: [UInt32]) {
    #expect(SeedList(argument: text)?.seeds == seeds)
  }

  @Test(arguments: ["", "a", "-1", "1,", "10-8", "1-", "4294967296", "0-4294967295", "1..9/3"])
  func isRefused(_ text: String) { #expect(SeedList(argument: text) == nil) }

  /// One picture of a range would be one of its ends.
  @Test(
    arguments: [
      ("-2..2/1", nil), ("1..1/1", [1]), ("-2..2/3", [-2, 0, 2]), ("0.5", [0.5]),
    ] as [(String, [Double]?)])
  func weightsAreAllOfARange(_ text: String, _ weights: [Double]?) {
    #expect(WeightedFile.weights(text) == weights)
  }
}
