import Foundation
import TestSupport
import Testing

@testable import Train

@Suite struct LearningRateScheduleTests {
  /// Factors from an independent program: fixtures/train.
  struct Expected: Decodable {
    struct Case: Decodable {
      let shape: String
      let warmup: Int
      let cycles: Int
      let power: Double
      let minimum: Double
      let decay: Int
      let timescale: Int?
      let factors: [Double]
    }

    let total: Int
    let rate: Double
    let steps: [Int]
    let cases: [Case]
  }

  @Test func everyShapeIsThatOfTheFormulas() throws {
    let url = Fixtures.directory.appending(path: "train/schedules.json")
    let expected = try JSONDecoder().decode(Expected.self, from: Data(contentsOf: url))
    #expect(Set(expected.cases.map(\.shape)) == Set(ScheduleShape.allCases.map(\.rawValue)))
    for example in expected.cases {
      let schedule = LearningRateSchedule(
        shape: try #require(ScheduleShape(rawValue: example.shape)), warmup: example.warmup,
        total: expected.total, cycles: example.cycles, power: example.power,
        minimum: example.minimum, decay: example.decay, timescale: example.timescale)
      for (step, factor) in zip(expected.steps, example.factors) {
        let got = schedule.factor(after: step, rate: expected.rate)
        #expect(abs(got - factor) < 1e-12, "\(example.shape) after \(step)")
      }
    }
  }

  /// The article's run: 1500 steps, 250 of warm-up, one cycle.
  @Test(arguments: [(0, 0), (125, 0.5), (250, 1), (500, 0.9045), (1000, 0.3455), (1499, 2e-6)])
  func articleHasItsFactors(_ step: Int, _ factor: Double) {
    let schedule = LearningRateSchedule(shape: .cosineWithRestarts, warmup: 250, total: 1500)
    #expect(abs(schedule.factor(after: step, rate: 1e-3) - factor) < 5e-5)
  }

  /// With a cycle an epoch every saved epoch falls at the bottom of one.
  @Test(arguments: [(499, 0.0014), (500, 1), (999, 0.0014)])
  func restartsComeEachEpoch(_ step: Int, _ factor: Double) {
    let schedule = LearningRateSchedule(
      shape: .cosineWithRestarts, warmup: 250, total: 1500, cycles: 30)
    #expect(abs(schedule.factor(after: step, rate: 1e-3) - factor) < 5e-5)
  }

  /// What a real run printed for steps 1 to 8 and 30.
  @Test func shortRunHasItsRates() {
    let schedule = LearningRateSchedule(shape: .cosine, warmup: 5, total: 30)
    let rates = (0..<30).map { schedule.factor(after: $0, rate: 1e-3) * 1e-3 }
    let expected = [0, 2e-4, 4e-4, 6e-4, 8e-4, 1e-3, 9.961e-4, 9.843e-4]
    for (rate, expected) in zip(rates, expected) { #expect(abs(rate - expected) < 5e-8) }
    #expect(abs(rates[29] - 3.9e-6) < 5e-8)
  }

  @Test(arguments: ScheduleShape.allCases)
  func emptyRunsGiveNumbers(_ shape: ScheduleShape) {
    for (warmup, total) in [(0, 0), (0, 1), (1, 1), (5, 3)] {
      let schedule = LearningRateSchedule(shape: shape, warmup: warmup, total: total)
      for step in 0...6 { #expect(schedule.factor(after: step, rate: 1e-3).isFinite) }
    }
  }
}
