import ArgumentParser
import Testing

@testable import Train

@Suite struct SavePlanTests {
  static let names: [(output: String, names: [String])] = [
    ("a.st", ["", "a.st", "a-000010.st", "a-step00000003.st", "a-state"]),
    (
      "d/e/a.safetensors",
      ["d/e/", "a.safetensors", "a-000010.safetensors", "a-step00000003.safetensors", "a-state"]
    ),
    ("/a.b.st", ["/", "a.b.st", "a.b-000010.st", "a.b-step00000003.st", "a.b-state"]),
    ("a", ["", "a", "a-000010", "a-step00000003", "a-state"]),
    (".a", ["", ".a", ".a-000010", ".a-step00000003", ".a-state"]),
    ("a.st.zst", ["", "a.st.zst", "a-000010.st.zst", "a-step00000003.st.zst", "a-state"]),
  ]

  @Test(arguments: names)
  func namesFollowTheOutput(_ example: (output: String, names: [String])) throws {
    let name = try OutputName(SavingOptions.parse([]), output: example.output)
    #expect(
      [name.directory, name.final, name.epoch(10), name.step(3), name.state(of: name.final)]
        == example.names)
  }

  @Test func nameIsThatOfSdScriptsWithoutOne() throws {
    let name = try OutputName(SavingOptions.parse(["--output-dir", "out"]), output: nil)
    #expect(
      [name.directory, name.final, name.epoch(1), name.step(1)]
        == ["out/", "last.safetensors", "epoch-000001.safetensors", "at-step00000001.safetensors"])
  }

  @Test func stepsAreSavedAlsoAtTheEnd() throws {
    let plan = try Self.plan(
      ["--save-every-n-steps", "3", "--save-state"], steps: 6, stepsPerEpoch: 6)
    #expect(plan.all.map(\.file) == ["a-step00000003.st", "a-step00000006.st", "a.st"])
    #expect(plan.all.map(\.state) == ["a-step00000003-state", "a-step00000006-state", "a-state"])
  }

  @Test func epochRatioDividesTheEpochs() throws {
    let plan = try Self.plan(["--save-n-epoch-ratio", "3"], steps: 20, stepsPerEpoch: 2)
    #expect(plan.all.map(\.file) == ["a-000003.st", "a-000006.st", "a-000009.st", "a.st"])
  }

  @Test func oldEpochsAreRemoved() throws {
    let plan = try Self.plan(
      [
        "--save-every-n-epochs", "2", "--save-last-n-epochs", "2", "--save-state",
        "--save-last-n-epochs-state", "1",
      ],
      steps: 10, stepsPerEpoch: 1)
    #expect(plan.all.map(\.removedFile) == [nil, nil, "a-000002.st", "a-000004.st", nil])
    #expect(
      plan.all.map(\.removedState) == [
        nil, "a-000002-state", "a-000004-state", "a-000006-state", nil,
      ])
  }

  /// At step 50, with 10 and 30, step 10 goes.
  @Test func oldStepsAreRemoved() throws {
    let plan = try Self.plan(
      ["--save-every-n-steps", "10", "--save-last-n-steps", "30"], steps: 60, stepsPerEpoch: 60)
    #expect(
      plan.all.map(\.removedFile) == [
        nil, nil, nil, nil, "a-step00000010.st", "a-step00000020.st", nil,
      ])
  }

  @Test func lastEpochHasNoNumber() throws {
    let plan = try Self.plan(["--save-every-n-epochs", "1"], steps: 5, stepsPerEpoch: 2)
    #expect(plan.all.map(\.file) == ["a-000001.st", "a-000002.st", "a.st"])
  }

  private static func plan(_ options: [String], steps: Int, stepsPerEpoch: Int) throws -> SavePlan {
    let options = try SavingOptions.parse(options)
    return try SavePlan(
      options, OutputName(options, output: "a.st"), totalSteps: steps, stepsPerEpoch: stepsPerEpoch,
      epochs: (steps + stepsPerEpoch - 1) / stepsPerEpoch)
  }
}
