import ArgumentParser
import CommandSupport

/// The optimiser and its learning rates.
struct OptimizerOptions: ParsableArguments {
  @Option(help: .usual("Rule of the update.", "name")) var optimizerType = OptimizerType.standard

  @Option(
    help: .usual("More of the optimiser, such as weight_decay=0.1; may be repeated.", "key=value"))
  var optimizerArgs: [String] = []

  @Option(.rate, help: .usual("Learning rate of the U-Net. (default: --learning-rate)", "rate"))
  var unetLr: Double?

  @Option(
    .rate, help: .usual("Learning rate of the text encoders. (default: --learning-rate)", "rate"))
  var textEncoderLr: [Double] = []

  @Option(
    .number(0...1e6), help: .usual("Gradients longer than this are shortened; 0: never.", "norm"))
  var maxGradNorm = 1.0

  @Option(.batchSize, help: .usual("Batches whose gradients make one step.", "n"))
  var gradientAccumulationSteps = 1
}

/// The learning rate over the run.
struct ScheduleOptions: ParsableArguments {
  @Option(help: .usual("Shape of the learning rate.", "name")) var lrScheduler = ScheduleShape
    .constant

  @Option(.stepCount, help: .usual("Steps of rising rate: 100, 0.1 or 10%.", "steps"))
  var lrWarmupSteps = StepCount.steps(0)

  @Option(.whole(1...1_000_000), help: .usual("Cycles of cosine_with_restarts.", "n"))
  var lrSchedulerNumCycles = 1

  @Option(.number(0...100), help: .usual("Exponent of polynomial.", "power")) var lrSchedulerPower =
    1.0

  @Option(.stepCount, help: .rare("Steps of falling rate, for warmup_stable_decay.", "steps"))
  var lrDecaySteps = StepCount.steps(0)

  @Option(.share, help: .rare("Last rate over first, for cosine_with_min_lr.", "ratio"))
  var lrSchedulerMinLrRatio: Double?

  @Option(.steps, help: .rare("Steps in which inverse_sqrt falls.", "n")) var lrSchedulerTimescale:
    Int?
}
