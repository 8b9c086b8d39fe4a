import ArgumentParser
import CommandSupport

/// Which adapter is trained and from what start.
struct NetworkOptions: ParsableArguments {
  @Option(.trainable, help: .rare("Only networks.lora.", "module")) var networkModule:
    NetworkModule?

  @Option(
    help: .usual("More of the network, such as conv_dim=4; may be repeated.", "key=value"))
  var networkArgs: [String] = []

  @Flag(help: .usual("Adapt the U-Net only.")) var networkTrainUnetOnly = false

  @Flag(help: .rare("Adapt the text encoders only.")) var networkTrainTextEncoderOnly = false

  @Option(.dropout, help: .rare("Share of the rank's activations dropped.", "share"))
  var networkDropout: Double?

  @Option(help: .usual("Start from this adapter.", "file"), completion: .file()) var networkWeights:
    String?

  @Flag(help: .rare("Take rank and alpha from --network-weights.")) var dimFromWeights = false

  @Option(
    help: .rare("Merge this adapter into the base first; may be repeated.", "file"),
    completion: .file())
  var baseWeights: [String] = []

  @Option(.weight, help: .rare("Weight of each --base-weights. (default: 1)", "weight"))
  var baseWeightsMultiplier: [Double] = []

  @Option(.number(0...1e6), help: .rare("Largest norm of a module's update.", "norm"))
  var scaleWeightNorms: Double?
}

/// The base model, its VAE and its tokenizer.
struct ModelOptions: ParsableArguments {
  @Flag(help: .usual("Check that the model is Stable Diffusion 2.")) var v2 = false

  @Flag(help: .usual("The model predicts velocity, not noise.")) var vParameterization = false

  @Option(
    help: .usual("VAE in place of the model's: a file, a model or a folder.", "path"),
    completion: .file())
  var vae: String?

  @Option(
    help: .usual("Folder with vocab.json and merges.txt, for captions.", "folder"),
    completion: .directory)
  var tokenizer: String?

  @Option(.whole(1...100), help: .usual("Use the text encoder's n-th last layer.", "n"))
  var clipSkip: Int?

  @Option(.tokens, help: .rare("Tokens of a caption: 75, 150 or 225.", "n")) var maxTokenLength:
    Int?
}

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
