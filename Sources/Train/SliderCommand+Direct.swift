import Adapters
import ArgumentParser
import CommandSupport
import Diffusion
import Files
import Images

extension SliderCommand {
  /// A slider that is not yet written, or written as it was trained.
  struct Made {
    let slider: TrainedAdapter

    /// What is written for a factor of the slider's strength.
    let plan: (_ factor: Double) throws -> ResultPlan
    let job: TrainingJob
    var copies: [SliderReport.Copy] = []
  }

  /// The keys of the settings that say how pictures and captions are used, and are not for pairs.
  static let unread: Set = [
    "alpha_mask", "caption_dropout_every_n_epochs", "caption_dropout_rate", "caption_extension",
    "caption_prefix", "caption_separator", "caption_suffix", "caption_tag_dropout_rate",
    "enable_wildcard", "flip_aug", "keep_tokens", "masked_loss",
    "prior_loss_weight", "random_crop", "reg_data_dir", "repeats", "shuffle_caption",
  ]

  /// A sentence on given settings that the direct method does nothing with; nil where there are none.
  var unreadNote: String? {
    let given = options.origins.settingGiven.filter(Self.unread.contains).sorted()
    guard pair.method == .direct, !given.isEmpty else { return nil }
    let names = given.map { "--" + $0.replacing("_", with: "-") }
    return "with --method direct \(names.joined(separator: ", ")) "
      + (names.count == 1 ? "does nothing" : "do nothing")
  }

  /// The options of the one run: the first pictures are its data.
  func directOptions(_ compared: [PicturePair]) -> TrainingOptions {
    var options = options
    options.run.image = compared.map(\.files.before)
    options.schedule.lrScheduler = schedule
    return options
  }

  /// Trains one adapter on what differs in the pairs.
  func makeDirectly(
    _ device: ComputeDevice, _ compared: [PicturePair]
  ) throws -> Made {
    let job = try TrainingJob(
      directOptions(compared), pairs: (pair.recipe(for: compared), compared), device: device,
      environment: environment)
    if !common.quiet {
      for warning in job.warnings { Terminal.note(warning) }
      Terminal.note(TrainingReport(job).headline)
    }
    try job.checkMemory()
    let session = try TrainingSession(job, quiet: common.quiet)
    let outcome = try session.run()
    guard outcome.isFinished else {
      let state = outcome.state.map { "; --resume \($0) with the same command goes on" } ?? ""
      Terminal.note(outcome.stopped + state)
      throw ExitCode(outcome.exitStatus ?? 1)
    }
    let slider = job.result(session.loop.weights)
    return Made(slider: slider, plan: { slider.scaled(by: $0).plan }, job: job)
  }
}

extension TrainedAdapter {
  /// The same adapter with its update multiplied.
  func scaled(by factor: Double) -> TrainedAdapter {
    guard factor != 1 else { return self }
    var values = values
    for module in modules.modules {
      for index in module.up..<module.up + module.upCount { values[index] *= Float(factor) }
    }
    return TrainedAdapter(modules: modules, values: values)
  }
}
