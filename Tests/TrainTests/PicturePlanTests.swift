import Testing

@testable import Train

@Suite struct PicturePlanTests {
  @Test func weightsAreColumnsAndSeedsRows() throws {
    let plan = try PicturePlan(counts: [.weight: 3, .seed: 2], columns: nil, rows: nil)
    #expect(plan.columns == .weight)
    #expect(plan.rows == .seed)
    #expect(plan.places.count == 2)
    #expect(plan.places[1][2] == [.weight: 2, .seed: 1])
  }

  @Test func onePictureHasNoAxes() throws {
    let plan = try PicturePlan(counts: [:], columns: nil, rows: nil)
    #expect(plan.columns == nil && plan.rows == nil)
    #expect(plan.places == [[[:]]])
  }

  @Test func axesCanBeChosen() throws {
    let plan = try PicturePlan(counts: [.weight: 3, .seed: 2], columns: .seed, rows: nil)
    #expect(plan.columns == .seed)
    #expect(plan.rows == .weight)
  }

  @Test func thirdAxisIsRefused() {
    #expect(throws: OptionsError.self) {
      try PicturePlan(counts: [.weight: 3, .seed: 2, .prompt: 2], columns: nil, rows: nil)
    }
  }

  @Test(
    arguments: [(1.0, "1"), (-0.5, "-0.5"), (1 / 3, "0.333"), (0.0, "0")] as [(Double, String)])
  func weightIsShort(_ value: Double, _ text: String) {
    #expect(PythonText.short(value) == text)
  }
}
