import ArgumentParser

/// What a user may set about a training run: the one list of options.
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
