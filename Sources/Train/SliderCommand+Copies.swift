import Adapters
import ArgumentParser
import CommandSupport
import Diffusion
import Files
import Images

extension SliderCommand {
  /// A copy with the run that made it.
  struct Trained {
    let copy: PictureCopy
    let job: TrainingJob
    let outcome: RunOutcome

    /// Where it is saved.
    let file: String
  }

  /// Trains a copier of one picture and looks at what it draws.
  ///
  /// An interruption ends the first copy; after the last step of the second it only leaves out the
  /// check, since the slider can be made.
  ///
  /// - Parameter low: The copy that is there; the second is trained over it where that is asked for.
  func trained(
    _ copy: SliderCopy, _ device: ComputeDevice, _ files: CopyFiles, after low: Trained? = nil
  ) throws -> Trained {
    let job = try job(
      on: copy, device, over: pair.method == .merged ? low?.copy.adapter : nil)
    if !common.quiet {
      if copy == .before { for warning in job.warnings { Terminal.note(warning) } }
      Terminal.note("\(copy.rawValue): \(TrainingReport(job).headline)")
    }
    try job.checkMemory()
    let session = try TrainingSession(
      job, quiet: common.quiet, copy: copy, results: files.place(of: copy, options.saving))
    let outcome = try session.run()
    guard outcome.isFinished, let file = outcome.file else {
      Terminal.note("\(copy.rawValue): \(outcome.stopped)")
      throw try stopped(copy, outcome, files)
    }
    files.finish(pair[copy], file)
    let picture = try PictureCopy(
      TrainedAdapter(modules: job.modules, values: session.loop.weights), of: pair[copy], job,
      untouched: low?.copy.untouched, quiet: common.quiet)
    guard let check = picture.check else {
      if copy == .before { throw try stopped(copy, outcome, files) }
      return Trained(copy: picture, job: job, outcome: outcome, file: file)
    }
    try judge(check, copy)
    return Trained(copy: picture, job: job, outcome: outcome, file: file)
  }

  /// Says how good a copy is; a first one that is none makes a second one vain.
  private func judge(_ check: CopyCheck, _ copy: SliderCopy) throws {
    if !common.quiet { Terminal.note(check.summary) }
    if copy == .before, !check.hasMoved {
      throw TrainingError.unsupported(
        "\(check.warning ?? check.summary); the second copy was not begun")
    }
    if !common.quiet, let warning = check.warning { Terminal.note(warning) }
  }

  /// Says how to go on after an interruption.
  ///
  /// - Returns: What ends the program.
  private func stopped(
    _ copy: SliderCopy, _ outcome: RunOutcome, _ files: CopyFiles
  ) throws -> ExitCode {
    let (low, high) = try (path(.before), path(.after))
    let whole = files.file(of: pair[.before])
    var commands: [String] = []
    if whole == nil {
      commands.append(training(.before, ["--resume", outcome.state ?? ""], to: low))
    }
    if pair.method == .difference {
      let state = copy == .after ? outcome.state : nil
      commands.append(training(.after, state.map { ["--resume", $0] } ?? [], to: high))
      commands.append(
        commandLine(["lora", "diff", high, whole ?? low, "-o", options.run.output ?? ""]))
    } else {
      commands.append(
        training(.after, ["--base-weights", whole ?? low], to: options.run.output ?? ""))
    }
    Terminal.note(
      "to go on, with the other options as they were: \(commands.joined(separator: "; then "))")
    return ExitCode(outcome.exitStatus ?? Interruption.exitStatus ?? 1)
  }

  private func path(_ copy: SliderCopy) throws(OptionsError) -> String {
    let name = try copyName(copy)
    return name.directory + name.final
  }

  /// The command that trains a copy alone.
  private func training(_ copy: SliderCopy, _ more: [String], to output: String) -> String {
    var words = ["lora", "train", "--image", pair[copy]]
    if !options.network.networkTrainTextEncoderOnly { words.append("--network-train-unet-only") }
    if schedule != options.schedule.lrScheduler { words += ["--lr-scheduler", schedule.rawValue] }
    return commandLine(words + presetArguments + more + ["-o", output])
  }

  /// The settings that are the preset's, as arguments: `lora train` does not have them by itself.
  private var presetArguments: [String] {
    let standard = Set((try? TrainingOptions.parse([])).map(Setting.all) ?? [])
    return Setting.all(of: options).filter {
      SliderPreset.keys.contains($0.key) && !options.origins.settingGiven.contains($0.key)
        && !standard.contains($0)
    }.flatMap(\.arguments)
  }
}

extension SliderCommand {
  /// Makes the adapter that changes the first picture to the second: the second copy less the first,
  /// or the second alone where that was trained over the first.
  func makeFromCopies(_ device: ComputeDevice, _ files: CopyFiles) throws -> Made {
    let low = try trained(.before, device, files)
    let high = try trained(.after, device, files, after: low)
    let copies = [low, high].compactMap { copy in
      copy.copy.check.map { SliderReport.Copy(check: $0, run: copy.outcome) }
    }
    guard pair.method == .difference else {
      let slider = high.copy.adapter
      return Made(
        slider: slider, plan: { slider.scaled(by: $0).plan }, job: high.job, copies: copies)
    }
    func difference(_ factor: Double) throws -> Combination {
      try Combination(
        [(high, factor), (low, -factor)].map { copy, weight in
          try Combination.Input(AdapterSource(path: copy.file).adapter(), weight: weight)
        })
    }
    let slider = try TrainedAdapter(
      of: difference(1), for: high.job.modules.modules.map(\.layer),
      in: options.run.pretrainedModelNameOrPath ?? "")
    return Made(
      slider: slider, plan: { try difference($0).concatenation {} }, job: high.job, copies: copies)
  }

  /// Draws the strip where one is asked for.
  ///
  /// - Returns: How much changes with the weight; nothing where the strip was interrupted.
  func strip(
    of slider: TrainedAdapter, _ compared: PicturePair, _ job: TrainingJob,
    beside output: String
  ) throws -> [SliderMeasure.Change] {
    guard let path = pair.strip else { return [] }
    Interruption.setLastWords("\(output) is written; the strip is not")
    let maker = try PictureMaker(job, unet: pair.method == .merged ? plainUNet(job) : nil)
    let adapters = DeviceAdapters(slider.modules, values: slider.values, on: job.backend)
    let weights = WeightedFile.weights(pair.stripWeights) ?? []
    let seeds = pair.stripSeeds.seeds
    let prompt = SamplePrompt(compared.size)
    let progress = Progress(
      "drawing", total: weights.count * seeds.count * prompt.steps, quiet: common.quiet)
    var drawn: [Picture] = []
    do {
      let strip = try SliderStrip(
        weights: weights, seeds: seeds, region: compared.difference.changedExtent
      ) { seed, weight in
        let picture = try maker.picture(
          of: prompt, seed: seed, adapters: adapters.scaled(Float(weight))
        ) { _ in progress.advance() }
        drawn.append(picture)
        return picture
      }
      progress.finish()
      try strip.drawn.write(to: path, texts: [])
      return strip.measure.changes
    } catch is Interrupted {
      progress.finish()
      let grid = UnfinishedGrid(drawn, columns: weights.count, rows: seeds.count)
      Terminal.note(
        try grid.write(beside: path) {
          SliderStrip.drawn($0, weights: weights, seeds: seeds)
        })
      return []
    }
  }

  /// The model without the first copy, which the second was trained over.
  func plainUNet(_ job: TrainingJob) throws -> UNet {
    try PretrainedModel(
      path: options.run.pretrainedModelNameOrPath, random: options.machine.randomWeights
    ).unet(on: job.backend)
  }

  /// The slider's metadata: those of the run of its second half, with its own rank.
  func metadata(
    _ job: TrainingJob, _ modules: AdaptedModules
  ) -> [(key: String, value: String)] {
    let rank = modules.modules.first?.rank ?? 0
    let alpha = Double(modules.modules.first?.alpha ?? 0)
    let output = try? OutputName(options.saving, output: options.run.output)
    let changed = [
      "ss_network_dim": "\(rank)", "ss_network_alpha": PythonText.of(alpha),
      "ss_output_name": output?.name ?? "",
    ]
    return job.metadata.entries(step: job.plan.steps, epoch: job.plan.epochs).map {
      ($0.key, changed[$0.key] ?? $0.value)
    }
  }
}
