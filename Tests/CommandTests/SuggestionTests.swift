import Testing

@testable import CommandSupport

@Suite struct SuggestionTests {
  @Test(arguments: [
    ("", "", 0), ("a", "", 1), ("kitten", "sitting", 3), ("ab", "ba", 1), ("ca", "abc", 3),
  ])
  func distanceCountsEdits(_ first: String, _ second: String, _ edits: Int) {
    #expect(distance(from: first, to: second) == edits)
  }

  @Test func farWordsAreNotSuggested() {
    #expect(nearest(to: "slide", among: ["sample", "slider"]) == "slider")
    #expect(nearest(to: "frobnicate", among: ["sample", "slider"]) == nil)
  }
}
