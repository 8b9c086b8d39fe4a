import ArgumentParser
import CommandSupport
import Images

/// The options that a first run needs.
struct EssentialOptions: ParsableArguments {
  @Option(
    name: [.customLong("model"), .customLong("pretrained-model-name-or-path")],
    help: .usual("Base model: a checkpoint (.safetensors) or a diffusers folder.", "path"),
    completion: .file())
  var pretrainedModelNameOrPath: String?

  @Option(
    help: .usual("Picture to train on, with an empty caption; may be repeated.", "picture"),
    completion: .file())
  var image: [String] = []

  @Option(
    name: [.customLong("data"), .customLong("train-data-dir")],
    help: .usual("Folder of folders REPEATS_WORDS with pictures, such as 100_girl.", "folder"),
    completion: .directory)
  var trainDataDir: String?

  @Option(
    name: [.customShort("o"), .customLong("output")],
    help: .usual("Result; intermediate saves are named after it.", "file"), completion: .file())
  var output: String?

  @Option(
    name: [.customLong("config"), .customLong("config-file")],
    help: .usual("sd-scripts TOML with any of these options; the command line wins.", "file"),
    completion: .file())
  var configFile: String?

  @Option(.size, help: .usual("Pixels: 512, or width and height as 512x768.", "size"))
  var resolution: PixelSize?

  @Option(.rank, help: .usual("Rank of the adapter. (default: 4)", "n"))
  var networkDim: Int?

  @Option(.alpha, help: .usual("Scale of the adapter is alpha / rank; 0 means the rank.", "alpha"))
  var networkAlpha = 1.0

  @Option(.rate, help: .usual("Learning rate; 0.001 for one picture, 0.0001 for many.", "rate"))
  var learningRate = 2e-6

  @Option(.batchSize, help: .usual("Pictures in a step.", "n")) var trainBatchSize = 1

  @Option(.steps, help: .usual("Steps, unless epochs are given.", "n")) var maxTrainSteps = 1600

  @Option(.epochs, help: .usual("Epochs; replaces the steps.", "n")) var maxTrainEpochs: Int?

  @Option(
    .repeats,
    help: .usual("How often a picture of --image comes in an epoch. (default: the steps)", "n"))
  var repeats: Int?

  @Option(
    .whole(0...UInt32.max),
    help: .usual(
      "Makes the run repeatable: to the bit, with the same --threads. (default: random)", "n"))
  var seed: UInt32?
}

/// The settings of a training run: the one list of options.
///
/// Each stored property of the groups is one option. Its name is sd-scripts' key: `learningRate`
/// is `learning_rate` in a configuration file and `--learning-rate` on the command line. Its type,
/// default and sentence are what the parser, the help, `--dry-run` and the metadata show; to add
/// an option, add its line. What sd-scripts has and we have not stands in `ForeignOptions`.
struct TrainingOptions: ParsableArguments {
  @OptionGroup(title: "The run") var run: EssentialOptions
  @OptionGroup(title: "Model") var model: ModelOptions
  @OptionGroup(title: "Data") var data: DataOptions
  @OptionGroup(title: "Sizes") var buckets: BucketOptions
  @OptionGroup(title: "Captions and pictures") var subset: SubsetOptions
  @OptionGroup(title: "Network") var network: NetworkOptions
  @OptionGroup(title: "Optimiser") var optimizer: OptimizerOptions
  @OptionGroup(title: "Learning-rate schedule") var schedule: ScheduleOptions
  @OptionGroup(title: "Noise") var noise: NoiseOptions
  @OptionGroup(title: "Loss") var loss: LossOptions
  @OptionGroup(title: "Saving and resuming") var saving: SavingOptions
  @OptionGroup(title: "Pictures while training") var samples: SampleOptions
  @OptionGroup(title: "Metadata") var metadata: MetadataOptions
  @OptionGroup(title: "Machine") var machine: MachineOptions
  @OptionGroup var origins: SettingOrigins
}

extension ArgumentHelp {
  /// The help of an option that `--help` shows.
  ///
  /// - Parameter value: What stands for the value, `N` in `--steps <N>`.
  static func usual(_ text: String, _ value: String? = nil) -> ArgumentHelp {
    ArgumentHelp(text, valueName: value)
  }

  /// The help of an option that only `--help-hidden` shows: most runs do without it.
  static func rare(_ text: String, _ value: String? = nil) -> ArgumentHelp {
    ArgumentHelp(text, valueName: value, visibility: .hidden)
  }
}
