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
  let noise: NoiseRecipe
  let loss: LossRecipe
  let hasZeroTerminalSNR: Bool
  let saves: SavePlan
}

/// What a plan has to know about the model and the data.
struct TrainingCircumstances: Hashable {
  let layout: BlockLayout

  /// What the base model predicts, by its configuration; `--v-parameterization` overrides it.
  let prediction: Prediction

  /// The batches of an epoch, given the steps asked for: a picture of `--image` is repeated as
  /// often as there are steps.
  let batchesPerEpoch: Int

  /// Used where none is asked for.
  let randomSeed: UInt32
}

extension TrainingPlan {
  init(
    _ options: TrainingOptions, _ circumstances: TrainingCircumstances
  ) throws(OptionsError) {
    try options.check()
    let run = options.run
    seed = run.seed ?? circumstances.randomSeed
    batchCount = run.trainBatchSize
    accumulation = options.optimizer.gradientAccumulationSteps
    batchesPerEpoch = circumstances.batchesPerEpoch
    stepsPerEpoch = max(1, (batchesPerEpoch + accumulation - 1) / accumulation)
    steps = run.maxTrainEpochs.map { [stepsPerEpoch] in $0 * stepsPerEpoch } ?? run.maxTrainSteps
    epochs = run.maxTrainEpochs ?? (steps + stepsPerEpoch - 1) / stepsPerEpoch
    start = try Self.start(options.saving, stepsPerEpoch: stepsPerEpoch, steps: steps)

    let arguments = try KeyedArguments(
      options.network.networkArgs, option: "network-args", known: NetworkPlan.keys)
    network = try NetworkPlan(
      options.network, rank: run.networkDim, alpha: run.networkAlpha, arguments,
      circumstances.layout)
    rates = try LearningRates(
      options.optimizer, learningRate: run.learningRate, arguments, circumstances.layout)
    optimizer = try OptimizerPlan(
      options.optimizer.optimizerType, options.optimizer.optimizerArgs)
    schedule = try LearningRateSchedule(options.schedule, steps: steps)
    try optimizer.check(schedule)
    gradientLimit = options.optimizer.maxGradNorm > 0 ? options.optimizer.maxGradNorm : nil
    updateLimit = options.network.scaleWeightNorms
    noise = NoiseRecipe(options.noise)
    let predictsVelocity =
      options.model.vParameterization || circumstances.prediction == .velocity
    loss = LossRecipe(options.loss, predictsVelocity ? .velocity : .noise)
    hasZeroTerminalSNR = options.noise.zeroTerminalSnr
    saves = try SavePlan(
      options.saving, OutputName(options.saving, output: run.output), totalSteps: steps,
      stepsPerEpoch: stepsPerEpoch, epochs: epochs)
  }

  /// `--initial-step`, or the first step of `--initial-epoch`.
  private static func start(
    _ options: SavingOptions, stepsPerEpoch: Int, steps: Int
  ) throws(OptionsError) -> Int? {
    if let epoch = options.initialEpoch, epoch < 1 {
      throw KeyedArguments.error("initial_epoch takes a number from 1, not \(epoch)")
    }
    let start = options.initialStep ?? options.initialEpoch.map { ($0 - 1) * stepsPerEpoch }
    guard let start, !(0..<steps).contains(start) else { return start }
    throw KeyedArguments.error(
      "the run would begin after step \(start), but has \(steps) steps; lower --initial-epoch or "
        + "--initial-step, or raise --max-train-steps")
  }

  /// The noise schedule that latents are noised by.
  var noiseSchedule: NoiseSchedule {
    hasZeroTerminalSNR ? NoiseSchedule().withZeroTerminalSNR : NoiseSchedule()
  }

  /// Of how many batches a step's gradients are, and which: batches of an epoch that follow.
  ///
  /// - Parameter step: Counted from 0.
  /// - Returns: Places in the epoch; the last step of an epoch may have fewer than `accumulation`.
  func batches(of step: Int) -> Range<Int> {
    let first = step % stepsPerEpoch * accumulation
    return first..<min(first + accumulation, max(batchesPerEpoch, first + 1))
  }
}
