import Testing

@testable import Train

@Suite struct StepWindowTests {
  static let texts: [(text: String, steps: Range<Int>?)] = [
    ("0-1", 0..<30), ("0", 0..<30), ("0.3", 9..<30), ("0.2-0.8", 6..<24), ("5-20", 5..<20),
    ("5-0.5", 5..<15), ("0.5-1000", 15..<30), ("30", 30..<30), ("1", 30..<30), ("2-2", 2..<2),
    ("0.8-0.2", 24..<24), ("1e-3", nil), ("0.016", 0..<30), ("0.017", 1..<30), ("2e1", 20..<30),
    ("", nil), ("-", nil), ("0.2-", nil), ("-5", nil), ("5.5", nil), ("1001", nil), ("inf", nil),
    ("a-b", nil), ("1-2-3", nil), (" 5", nil),
  ]

  @Test(arguments: texts)
  func stepsOfThirty(_ example: (text: String, steps: Range<Int>?)) {
    #expect(StepWindow(example.text)?.steps(of: 30) == example.steps)
  }

  static let windows: [(windows: [String], parts: [Range<Int>])] = [
    ([], [0..<10]), (["0-1"], [0..<10]), (["0.3-0.7"], [0..<3, 3..<7, 7..<10]),
    (["0.5", "0-0.5"], [0..<5, 5..<10]), (["2-8", "4-6"], [0..<2, 2..<4, 4..<6, 6..<8, 8..<10]),
    (["20-30"], [0..<10]), (["0.5-0.5"], [0..<5, 5..<10]),
  ]

  @Test(arguments: windows)
  func partsCoverAllSteps(_ example: (windows: [String], parts: [Range<Int>])) {
    let windows = example.windows.compactMap { StepWindow($0) }
    #expect(StepWindow.parts(of: windows, steps: 10) == example.parts)
  }

  static let lists: [(text: String, marks: [String]?)] = [
    ("0,0.25, 5", ["0", "0.25", "5"]), ("1", ["1"]), ("2", ["2"]), ("0,,1", nil), ("", nil),
    ("x", nil),
  ]

  @Test(arguments: lists)
  func listsAreRead(_ example: (text: String, marks: [String]?)) {
    #expect(StepMarkList(example.text)?.marks.map(\.description) == example.marks)
  }
}
