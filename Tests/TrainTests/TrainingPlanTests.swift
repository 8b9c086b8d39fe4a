import ArgumentParser
import Diffusion
import Testing

@testable import Train

@Suite struct TrainingPlanTests {
  /// The article's run: one picture a hundred times, batches of two, thirty epochs.
  @Test func articleHas1500StepsAndThreeFiles() throws {
    let plan = try Self.plan(
      [
        "-o", "copies/a.safetensors", "--learning-rate", "0.001", "--train-batch-size", "2",
        "--max-train-epochs", "30", "--save-every-n-epochs", "10", "--lr-warmup-steps", "250",
        "--lr-scheduler", "cosine_with_restarts", "--network-train-unet-only", "--noise-offset",
        "0.1",
      ], batchesPerEpoch: 50)
    #expect(plan.steps == 1500)
    #expect(plan.epochs == 30)
    #expect(plan.stepsPerEpoch == 50)
    #expect(
      plan.saves.all.map(\.file) == [
        "a-000010.safetensors", "a-000020.safetensors", "a.safetensors",
      ])
    #expect(plan.saves.output.directory == "copies/")
    #expect(plan.network.linear == NetworkPlan.Extent(rank: 4, alpha: 1))
    #expect(plan.noise.offset == 0.1)
    #expect(plan.noise.multiresolutionIterations == 0)
    #expect(plan.gradientLimit == 1)
    #expect(plan.optimizer == (try OptimizerPlan(.standard, [])))
    #expect(plan.optimizer != (try OptimizerPlan(.standard, ["eps=0.1"])))
  }

  /// Options, batches of an epoch, and (steps, steps of an epoch, epochs).
  static let extents: [(options: [String], batches: Int, expected: [Int])] = [
    ([], 50, [1600, 50, 32]), (["--max-train-steps", "120"], 50, [120, 50, 3]),
    (["--max-train-epochs", "3", "--max-train-steps", "7"], 10, [30, 10, 3]),
    (["--max-train-epochs", "2", "--gradient-accumulation-steps", "4"], 10, [6, 3, 2]),
    (["--max-train-steps", "1"], 0, [1, 1, 1]),
  ]

  @Test(arguments: extents)
  func stepsAreCounted(_ example: (options: [String], batches: Int, expected: [Int])) throws {
    let plan = try Self.plan(["-o", "x"] + example.options, batchesPerEpoch: example.batches)
    #expect([plan.steps, plan.stepsPerEpoch, plan.epochs] == example.expected)
  }

  @Test func remainderOfAnEpochIsAShortStep() throws {
    let plan = try Self.plan(
      ["-o", "x", "--gradient-accumulation-steps", "4"], batchesPerEpoch: 10)
    #expect((0..<4).map(plan.batches) == [0..<4, 4..<8, 8..<10, 0..<4])
  }

  static let refused: [(options: [String], message: String)] = [
    (
      ["--lr-warmup-steps", "5"],
      "--lr-scheduler constant has no warm-up; use constant_with_warmup, or drop --lr-warmup-steps"
    ),
    (["--adaptive-noise-scale", "0.1"], "--adaptive-noise-scale needs --noise-offset"),
    (["--full-fp16"], "--full-fp16 needs --mixed-precision fp16"),
    (["--masked-loss"], "--masked-loss needs --alpha-mask, or a --dataset-config with masks"),
    (
      ["--initial-step", "1600"],
      "the run would begin after step 1600, but has 1600 steps; lower --initial-epoch or "
        + "--initial-step, or raise --max-train-steps"
    ),
    (
      ["--network-args", "conv_dm=4"],
      "--network-args knows no 'conv_dm'; did you mean 'conv_dim'?"
    ),
    (["--network-args", "conv_dim"], "--network-args takes key=value, not 'conv_dim'"),
    (
      ["--network-args", "conv_dim=x"],
      "--network-args conv_dim takes a whole number from 1 to 1000000, not 'x'"
    ),
    (
      ["--network-args", "block_dims=1,2"],
      "--network-args block_dims takes 25 values, each a whole number from 0 to 1000000, not '1,2'"
    ),
    (["--network-args", "block_alphas=1"], "--network-args block_alphas needs block_dims"),
    (
      ["--optimizer-args", "momentum=0.9"],
      "--optimizer-args knows no 'momentum'; known are betas, eps, weight_decay"
    ),
    (
      ["--optimizer-args", "betas=0.9"],
      "--optimizer-args betas takes 2 values, each a number from 0 to below 1, not 0.9"
    ),
    (
      ["--network-train-unet-only", "--network-train-text-encoder-only"],
      "--network-train-unet-only and --network-train-text-encoder-only leave nothing to train"
    ),
    (
      ["--min-timestep", "900", "--max-timestep", "100"],
      "--min-timestep 900 lies above --max-timestep 100; change one of the two"
    ),
    (
      ["--max-train-steps", "10000000", "--save-every-n-steps", "1"],
      "the run would save 10000001 times, and 100000 are possible; raise --save-every-n-steps or "
        + "--save-every-n-epochs"
    ),
    (
      ["--optimizer-type", "adafactor", "--lr-scheduler", "cosine", "--lr-warmup-steps", "5"],
      "AdaFactor finds its own step sizes; drop --lr-warmup-steps, or add relative_step=False"
    ),
  ]

  @Test(arguments: refused)
  func contradictionIsRefused(_ example: (options: [String], message: String)) {
    let error = #expect(throws: OptionsError.self) {
      try Self.plan(["-o", "x"] + example.options, batchesPerEpoch: 10)
    }
    #expect(error?.description == example.message)
  }

  /// From a file, keys are spelled as the file spells them, and the line is named.
  @Test func contradictionOfAFileNamesItsLine() {
    let error = #expect(throws: OptionsError.self) {
      try Self.plan(
        [
          "-o", "x", "--min-timestep", "900", "--max-timestep", "100",
          "--setting-origin=min_timestep=c.toml:3", "--setting-origin=seed=c.toml:4",
        ], batchesPerEpoch: 10)
    }
    #expect(
      error?.description
        == "c.toml:3: min_timestep 900 lies above max_timestep 100; change one of the two")
  }

  @Test func stepsOfEpochsHaveTheSameBound() {
    let error = #expect(throws: OptionsError.self) {
      try Self.plan(["-o", "x", "--max-train-epochs", "1000000"], batchesPerEpoch: 11)
    }
    #expect(
      error?.description
        == "--max-train-epochs 1000000 of 11 steps each are more than the 10000000 steps that a run "
        + "may have; lower it")
  }

  /// sd-scripts' words for a constant timestep.
  @Test func equalTimestepsAreAllowed() throws {
    let plan = try Self.plan(
      ["-o", "x", "--min-timestep", "500", "--max-timestep", "500"], batchesPerEpoch: 1)
    #expect(plan.noise.timesteps == 500..<500)
  }

  @Test func savesOfALongRunAreListedWithoutWalkingAllSteps() throws {
    let plan = try Self.plan(
      ["-o", "x", "--max-train-steps", "10000000", "--save-every-n-steps", "3333333"],
      batchesPerEpoch: 1)
    #expect(
      plan.saves.all.map(\.file) == [
        "x-step03333333", "x-step06666666", "x-step09999999", "x",
      ])
    #expect(plan.saves.count == 4)
  }

  @Test func resultMustBeNamed() {
    #expect(throws: OptionsError.self) { try Self.plan([], batchesPerEpoch: 1) }
    #expect(throws: OptionsError.self) { try Self.plan(["-o", "x/"], batchesPerEpoch: 1) }
    #expect(throws: OptionsError.self) { try Self.plan(["-o", "-"], batchesPerEpoch: 1) }
  }

  static func plan(
    _ arguments: [String], batchesPerEpoch: Int, layout: BlockLayout = .stableDiffusion
  ) throws -> TrainingPlan {
    try TrainingPlan(
      TrainingOptions.parse(arguments),
      layout: layout, prediction: .noise, batchesPerEpoch: batchesPerEpoch, randomSeed: 9)
  }
}
