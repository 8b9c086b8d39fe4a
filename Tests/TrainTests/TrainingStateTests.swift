import ArgumentParser
import Diffusion
import Foundation
import Testing

@testable import Train

@Suite struct TrainingStateTests {
  @Test func stateSurvivesJSON() throws {
    let plan = try Self.run(["--seed", "3"])
    let state = TrainingState(step: 3, updates: 2, plan: plan)
    let copy = try JSONDecoder().decode(TrainingState.self, from: JSONEncoder().encode(state))
    #expect(copy == state)
    try copy.check(against: plan, folder: "s")
  }

  /// How a run was begun, how it is resumed, and what is wrong with that (nil: nothing).
  static let resumed: [(begun: [String], resumed: [String], message: String?)] = [
    (["--seed", "3"], [], nil),
    (["--seed", "3"], ["--seed", "4"], "s: was saved with seed 3, not 4; drop --seed"),
    ([], ["--save-every-n-steps", "2", "--metadata-title", "t", "--log", "l"], nil),
    ([], ["--max-train-steps", "900"], nil),
    ([], ["--max-train-steps", "2"], "s: has 3 steps done, more than the 2 asked for"),
    (
      ["--lr-scheduler", "cosine"], ["--lr-scheduler", "cosine", "--max-train-steps", "900"],
      "s: was saved with --max-train-steps 1600, and this run is with --max-train-steps 900; resume with the same settings, or start anew with --network-weights"
    ),
    (
      [], ["--network-dim", "8", "--noise-offset", "0.1"],
      "s: was saved without --network-dim, and this run is with --network-dim 8 (and noise_offset); resume with the same settings, or start anew with --network-weights"
    ),
  ]

  @Test(arguments: resumed)
  func otherSettingsAreRefusedByName(
    _ example: (begun: [String], resumed: [String], message: String?)
  ) throws {
    let plan = try Self.run(example.begun)
    let state = TrainingState(step: 3, updates: 3, plan: plan)
    let laterPlan = try Self.run(example.resumed, randomSeed: state.seed)
    do throws(OptionsError) {
      try state.check(against: laterPlan, folder: "s")
      #expect(example.message == nil)
    } catch {
      #expect(error.description == example.message)
    }
  }

  /// Steps and updates of a state that no run has written.
  @Test(arguments: [(-1, -1), (3, 4), (3, -1), (-3, 0), (3, .max), (.min, .min)])
  func countsThatCannotBe(_ step: Int, _ updates: Int) throws {
    let plan = try Self.run([])
    let state = TrainingState(step: step, updates: updates, plan: plan)
    let error = #expect(throws: OptionsError.self) {
      try state.check(against: plan, folder: "s")
    }
    #expect(
      error?.description
        == "s: counts \(step) steps and \(updates) updates, which cannot be")
  }

  @Test func averageForgetsOldLosses() {
    var average = LossAverage(batchesPerEpoch: 2)
    #expect([4, 2, 0, 10].map { average.add($0) } == [4, 3, 1, 5])
  }

  @Test(arguments: [
    (0, "0 s"), (45.2, "46 s"), (119, "119 s"), (420, "7 min"), (7500, "2 h 05 min"),
    (.infinity, "–"),
  ])
  func durationReadsWell(_ seconds: Double, _ text: String) {
    #expect(duration(seconds) == text)
  }

  @Test func stepIsDescribed() {
    let record = StepRecord(
      step: 120, epoch: 3, loss: 0.1, averageLoss: 0.04312, learningRate: 1e-3, gradientNorm: 1,
      seconds: 40, memory: 1_200_000_000)
    #expect(
      record.text(of: 1500, first: 0)
        == "step 120 of 1500  loss 0.04312  lr 0.00100  3.00 steps/s  8 min left  1.20 GB")
  }

  @Test func memoryIsKnownHere() {
    #expect((residentBytes() ?? 0) > 1_000_000)
  }

  private static func run(
    _ arguments: [String], randomSeed: UInt32 = 9
  ) throws -> TrainingPlan {
    try TrainingPlan(
      TrainingOptions.parse(["-o", "x"] + arguments),
      layout: .stableDiffusion, prediction: .noise, batchesPerEpoch: 50, randomSeed: randomSeed)
  }
}
