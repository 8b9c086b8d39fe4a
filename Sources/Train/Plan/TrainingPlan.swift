import CommandSupport
import Diffusion

/// All that a run does, decided before it begins: a value made of the options.
struct TrainingPlan: Hashable {
  let seed: UInt32
  let batchCount: Int

  /// Batches whose gradients make one step.
  let accumulation: Int
  let batchesPerEpoch: Int
  let stepsPerEpoch: Int
  let epochs: Int
  let steps: Int

  /// The steps that count as done when the run begins, whatever a state says.
  let start: Int?

  let network: NetworkPlan
  let rates: LearningRates
  let schedule: LearningRateSchedule
  let optimizer: OptimizerPlan

  /// Gradients longer than this are shortened; nil leaves them.
  let gradientLimit: Double?

  /// The largest norm of a module's update; nil leaves them.
  let updateLimit: Double?
  private(set) var noise: NoiseRecipe
  let loss: LossRecipe
  let hasZeroTerminalSNR: Bool

  /// Whether activations are computed a second time for the backward pass, not kept.
  let recomputesActivations: Bool
  let caches: CachePlan
  let saves: SavePlan

  /// The file of `--log`, or that in `--logging-dir`.
  let logPath: String?

  /// nil where no pictures are drawn.
  let samples: SamplePlan?

  /// The options as given, for reports; and those that a resumed run must share, by key.
  let settings: [Setting]
  let decisiveSettings: [String: String]
}

/// The caches of encoded pictures and captions.
struct CachePlan: Hashable {
  /// Whether a picture's latent is drawn from the VAE's distribution once, not at each use.
  let latents: Bool

  /// Whether files beside the pictures keep latents and captions for later runs.
  let latentFiles: Bool
  let captionFiles: Bool
}

extension TrainingPlan {
  /// - Parameters:
  ///   - prediction: The base model's, by its configuration; `--v-parameterization` overrides it.
  ///   - batchesPerEpoch: Given the steps asked for: a picture of `--image` is repeated as often as
  ///     there are steps.
  ///   - randomSeed: The seed where the options give none.
  ///   - spreadsTimesteps: Whether the timesteps are spread evenly, as a few steps on pairs need it.
  init(
    _ options: TrainingOptions, layout: BlockLayout, prediction: Prediction, batchesPerEpoch: Int,
    randomSeed: UInt32, spreadsTimesteps: Bool = false
  ) throws(OptionsError) {
    try options.check()
    let (run, origins) = (options.run, options.origins)
    seed = run.seed ?? randomSeed
    batchCount = run.trainBatchSize
    accumulation = options.optimizer.gradientAccumulationSteps
    self.batchesPerEpoch = batchesPerEpoch
    stepsPerEpoch = max(1, (batchesPerEpoch + accumulation - 1) / accumulation)
    steps = try Self.steps(options, perEpoch: stepsPerEpoch)
    epochs = run.maxTrainEpochs ?? (steps + stepsPerEpoch - 1) / stepsPerEpoch
    start = try Self.start(options, stepsPerEpoch: stepsPerEpoch, steps: steps)

    (network, rates, optimizer) = try Self.rules(options, layout)
    schedule = try LearningRateSchedule(options.schedule, steps: steps, origins)
    try optimizer.rule.check(schedule, origins)
    gradientLimit = options.optimizer.maxGradNorm > 0 ? options.optimizer.maxGradNorm : nil
    updateLimit = options.network.scaleWeightNorms.flatMap { $0 > 0 ? $0 : nil }
    noise = NoiseRecipe(options.noise)
    noise.spreadsTimesteps = spreadsTimesteps
    loss = LossRecipe(options.loss, options.model.vParameterization ? .velocity : prediction)
    hasZeroTerminalSNR = options.noise.zeroTerminalSnr
    recomputesActivations = options.machine.gradientCheckpointing
    caches = CachePlan(
      latents: options.data.cacheLatents || options.data.cacheLatentsToDisk,
      latentFiles: options.data.cacheLatentsToDisk,
      captionFiles: options.data.cacheTextEncoderOutputsToDisk)
    saves = SavePlan(
      options.saving, try OutputName(options.saving, output: run.output), totalSteps: steps,
      stepsPerEpoch: stepsPerEpoch, epochs: epochs)
    let logName = "\(saves.output.stem).jsonl"
    logPath = options.machine.log ?? options.machine.loggingDir.map { "\($0)/\(logName)" }
    samples = SamplePlan(options.samples, stepsPerEpoch: stepsPerEpoch)
    settings = Setting.all(of: options)
    decisiveSettings = TrainingState.decisiveSettings(options, schedule, steps: steps)
    guard saves.count <= Self.saveLimit else {
      throw origins.error(
        ["save_every_n_steps", "save_every_n_epochs", "save_n_epoch_ratio"],
        "the run would save \(saves.count) times, and \(Self.saveLimit) are possible; raise "
          + "--save-every-n-steps or --save-every-n-epochs")
    }
  }

  private static let saveLimit = 100_000

  /// The plans of `--network-args`, `--optimizer-args` and the learning rates.
  ///
  /// Needs nothing of the model but its kind, so that it can be asked before the model is read.
  static func rules(
    _ options: TrainingOptions, _ layout: BlockLayout
  ) throws(OptionsError) -> (NetworkPlan, LearningRates, OptimizerPlan) {
    let (run, origins) = (options.run, options.origins)
    let arguments = try KeyedArguments(
      options.network.networkArgs, option: "network-args", known: NetworkPlan.keys,
      at: origins.place(of: ["network_args"]))
    return (
      try NetworkPlan(
        options.network, rank: run.networkDim, alpha: run.networkAlpha, arguments, layout),
      try LearningRates(
        options.optimizer, learningRate: run.learningRate, arguments, layout),
      try OptimizerPlan(
        options.optimizer.optimizerType, options.optimizer.optimizerArgs,
        at: origins.place(of: ["optimizer_args"]))
    )
  }

  /// `--max-train-steps`, or the steps of `--max-train-epochs`.
  private static func steps(
    _ options: TrainingOptions, perEpoch: Int
  ) throws(OptionsError) -> Int {
    guard let epochs = options.run.maxTrainEpochs else { return options.run.maxTrainSteps }
    let (steps, overflows) = epochs.multipliedReportingOverflow(by: perEpoch)
    guard !overflows, Domain.steps.read("\(steps)") != nil else {
      throw options.origins.error(
        ["max_train_epochs"],
        "--max-train-epochs \(epochs) of \(perEpoch) steps each are more than the 10000000 steps that "
          + "a run may have; lower it")
    }
    return steps
  }

  /// `--initial-step`, or the first step of `--initial-epoch`.
  private static func start(
    _ options: TrainingOptions, stepsPerEpoch: Int, steps: Int
  ) throws(OptionsError) -> Int? {
    let saving = options.saving
    let start = saving.initialStep ?? saving.initialEpoch.map { ($0 - 1) * stepsPerEpoch }
    guard let start, !(0..<steps).contains(start) else { return start }
    throw options.origins.error(
      ["initial_step", "initial_epoch"],
      "the run would begin after step \(start), but has \(steps) steps; lower --initial-epoch or "
        + "--initial-step, or raise --max-train-steps")
  }

  /// The noise schedule that latents are noised by.
  var noiseSchedule: NoiseSchedule {
    hasZeroTerminalSNR ? NoiseSchedule().withZeroTerminalSNR : NoiseSchedule()
  }

  /// The batches of an epoch whose gradients make a step.
  ///
  /// - Parameter step: Counted from 0.
  /// - Returns: Places in the epoch; the last step of an epoch may have fewer than `accumulation`.
  func batches(of step: Int) -> Range<Int> {
    let first = step % stepsPerEpoch * accumulation
    return first..<min(first + accumulation, max(batchesPerEpoch, first + 1))
  }
}
