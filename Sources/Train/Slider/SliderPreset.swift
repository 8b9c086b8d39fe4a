import Datasets
import Diffusion
import Images

/// The settings of `lora slider` where neither the command line nor a file gives others.
struct SliderPreset: Hashable {
  var learningRate: Double
  var steps: Int
  var warmup = 10
  var rank = 4
  var alpha = 1.0
  var timesteps = 0..<NoiseSchedule.timestepCount
  var noiseOffset: Double?

  /// The seed of every run that is given none: two runs of one command make one slider.
  static let seed: UInt32 = 1

  /// The keys of the settings that it may set.
  static let keys: Set = [
    "learning_rate", "max_train_steps", "network_dim", "network_alpha", "lr_warmup_steps", "seed",
    "min_timestep", "max_timestep", "noise_offset", "enable_bucket",
  ]

  /// Where one of them is given, the other keeps its own default.
  private static let noiseKeys: Set = ["min_timestep", "max_timestep"]

  /// One row a method, one column a kind of model: `sd1`, `sd2` (also predicting velocity), `sdxl`.
  ///
  /// Adam's step does not depend on the size of the gradient, so that velocity needs no other rate. A
  /// larger model moves farther by the same rate.
  private static let table: [SliderMethod: [PretrainedModel.Kind: SliderPreset]] = [
    .direct: [
      .sd1: direct(learningRate: 0.002), .sd2: direct(learningRate: 0.002),
      .sdxl: direct(learningRate: 0.001),
    ],
    .difference: copies,
    .merged: copies,
  ]

  /// A high share of noise decides where things are and how large; the highest decides colours and
  /// the background.
  private static func direct(learningRate: Double) -> SliderPreset {
    var preset = SliderPreset(learningRate: learningRate, steps: 120)
    preset.timesteps = 400..<950
    return preset
  }

  private static let copies: [PretrainedModel.Kind: SliderPreset] = [
    .sd1: SliderPreset(learningRate: 0.001, steps: 1500, warmup: 50, noiseOffset: 0.1),
    .sd2: SliderPreset(learningRate: 0.001, steps: 1500, warmup: 50, noiseOffset: 0.1),
    .sdxl: SliderPreset(learningRate: 0.0005, steps: 1500, warmup: 50, noiseOffset: 0.1),
  ]

  init(learningRate: Double, steps: Int, warmup: Int = 10, noiseOffset: Double? = nil) {
    (self.learningRate, self.steps, self.warmup) = (learningRate, steps, warmup)
    self.noiseOffset = noiseOffset
  }

  init(_ method: SliderMethod, for kind: PretrainedModel.Kind) {
    guard let preset = Self.table[method]?[kind] else {
      preconditionFailure("no preset of \(method) for \(kind)")
    }
    self = preset
  }

  /// The options with these settings where they are not given.
  func applied(to options: TrainingOptions, showing size: PixelSize?) -> TrainingOptions {
    var options = options
    let given = Set(options.origins.settingGiven)
    func set<Value>(
      _ key: String, _ path: WritableKeyPath<TrainingOptions, Value>, _ value: Value
    ) {
      precondition(Self.keys.contains(key))
      if !given.contains(key) { options[keyPath: path] = value }
    }
    set("learning_rate", \.run.learningRate, learningRate)
    if !given.contains("max_train_epochs") { set("max_train_steps", \.run.maxTrainSteps, steps) }
    set("network_dim", \.run.networkDim, rank)
    set("network_alpha", \.run.networkAlpha, alpha)
    set(
      "lr_warmup_steps", \.schedule.lrWarmupSteps,
      .steps(min(warmup, options.run.maxTrainSteps / 4)))
    set("seed", \.run.seed, options.saving.resume == nil ? Self.seed : nil)
    if timesteps.count < NoiseSchedule.timestepCount, given.isDisjoint(with: Self.noiseKeys) {
      set("min_timestep", \.noise.minTimestep, timesteps.lowerBound)
      set("max_timestep", \.noise.maxTimestep, timesteps.upperBound)
    }
    if noiseOffset != nil, !given.contains("multires_noise_iterations") {
      set("noise_offset", \.noise.noiseOffset, noiseOffset)
    }
    // The shape of the picture is kept, so that the change is not cropped away.
    if let size, size.width != size.height, options.run.resolution == nil {
      set("enable_bucket", \.buckets.enableBucket, true)
    }
    if !options.network.networkTrainTextEncoderOnly { options.network.networkTrainUnetOnly = true }
    return options
  }
}
