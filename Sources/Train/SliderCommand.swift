package import ArgumentParser
import CommandSupport
import Diffusion
import Files
import Images

package struct SliderCommand: ParsableCommand {
  package static let configuration = CommandConfiguration(
    commandName: "slider",
    abstract: "Make a slider out of two pictures that differ in one thing.",
    usage: "lora slider --model MODEL --before PICTURE --after PICTURE -o FILE [options]",
    discussion: """
        lora slider --model MODEL --before small.png --after big.png \\
          --learning-rate 0.001 --max-train-steps 1500 -o slider.safetensors --strip strip.png

      An adapter is trained on each picture until it can only draw that picture; the exact \
      difference of the two is the slider. --strip draws pictures over its weights, lora sample \
      any others. All options of training apply to both copies.

      Each copy is checked: how much of the way it has gone from what the model draws without a \
      prompt (0 %) to its picture as the VAE gives it back (100 %). Below 50 % there is a \
      warning: the slider would change more than is meant. Below 5 % of the first one the run \
      ends. --json has the figures.
      """)

  @OptionGroup(title: "The slider") var pair: SliderOptions
  @OptionGroup var options: TrainingOptions
  @OptionGroup var common: CommonOptions

  package init() {}

  package func validate() throws {
    try pair.checkCounts()
    if !options.run.image.isEmpty || options.run.trainDataDir != nil
      || options.data.datasetConfig != nil || options.machine.replay != nil
    {
      throw ValidationError(
        "--before and --after are the data; drop --image, --data, --dataset-config and --replay.")
    }
    if options.saving.resume != nil {
      throw ValidationError(
        "lora slider cannot go on from a state, but lora train can go on with one copy: lora train "
          + "--image PICTURE --network-train-unet-only --resume STATE -o COPY, with the other "
          + "options as they were; lora diff AFTER BEFORE -o SLIDER makes the slider of two copies."
      )
    }
    if options.machine.outputConfig {
      throw ValidationError("--output-config belongs to lora train.")
    }
    if let fault = pair.strip.flatMap(misleadingPictureName) { throw ValidationError(fault) }
    if WeightedFile.weights(pair.stripWeights) == nil {
      throw ValidationError("--strip-weights takes FIRST..LAST/COUNT, not \(pair.stripWeights).")
    }
  }

  package func run() throws {
    guard let output = options.run.output else {
      throw KeyedArguments.error("no result is named; give -o FILE")
    }
    noteResult()
    try comparePictures()
    let device = try options.machine.computeDevice(threads: common.threadCount)
    if options.machine.dryRun { return try printPlan(output, device) }
    let files = try CopyFiles(
      output: OutputName(options.saving, output: output), keeps: pair.keepCopies)
    _ = try OutputFile(path: output)
    do {
      try make(output, device, files)
    } catch {
      if let leftover = files.leftover { Terminal.note(leftover) }
      throw error
    }
    if let status = Interruption.exitStatus { throw ExitCode(status) }
  }

  private func make(_ output: String, _ device: ComputeDevice, _ files: CopyFiles) throws {
    let start = ContinuousClock.now
    let low = try trained(.before, device, files)
    let high = try trained(.after, device, files, after: low)
    let slider =
      switch pair.method {
      case .difference:
        low.copy.adapter.modules.difference(
          high.copy.adapter.values, less: low.copy.adapter.values)
      case .merged: high.copy.adapter
      }
    let saved = try AdapterFile(
      modules: slider.modules, values: slider.values,
      type: (options.saving.savePrecision ?? .float).elementType
    ).write(to: output, metadata: metadata(high.job, slider.modules))
    try files.close()
    let difference = PictureDifference(from: low.copy.picture, to: high.copy.picture)
    let changes = try strip(of: slider, difference, high.job, beside: output)
    let rank = slider.modules.modules.map(\.rank).max() ?? 0
    try say(
      SliderReport(
        output: output, bytes: saved.byteCount, modelHash: saved.modelHash, method: pair.method,
        modules: slider.modules.modules.count, rank: rank,
        seconds: (ContinuousClock.now - start).inSeconds, pair: SliderReport.Pair(difference),
        copies: [low, high].compactMap { copy in
          copy.copy.check.map { SliderReport.Copy(check: $0, run: copy.outcome) }
        }, changes: changes))
  }

  private func noteResult() {
    guard !common.quiet, let output = options.run.output else { return }
    for note in resultNotes(output, isResumed: false) { Terminal.note(note) }
  }

  private func say(_ report: SliderReport) throws {
    if common.json { try Terminal.show(json(report)) }
    guard !common.quiet else { return }
    if let table = report.table { Terminal.report(table) }
    Terminal.note(report.summary)
    if let command = samplingCommand(report.output, weights: "-2..2/9", options) {
      Terminal.note("to draw with it: \(command)")
    }
  }

  /// Says how the pictures differ, and where more does than is meant.
  private func comparePictures() throws {
    let difference = PictureDifference(
      from: try TrainingPicture.decode(pair.before), to: try TrainingPicture.decode(pair.after))
    guard difference.differing > 0 else {
      throw TrainingError.unsupported(
        "\(pair.after): the same picture as \(pair.before), so that there is nothing to learn; change one "
          + "thing in it")
    }
    guard !common.quiet else { return }
    Terminal.note(difference.summary)
    for warning in difference.warnings { Terminal.note(warning) }
  }

  /// Says what each of the two runs would do, and what would be there after them.
  private func printPlan(_ output: String, _ device: ComputeDevice) throws {
    let plan = try job(on: .before, device, over: nil)
    var report = TrainingReport(plan)
    let names = try [copyName(.before), copyName(.after)]
    let between = plan.plan.saves.all.filter { $0.occasion != .final }.map { save in
      save.file.dropFirst(names[0].stem.count)
    }
    report.saves = names.flatMap { name in
      between.map { name.stem + $0 } + (pair.keepCopies ? [name.final] : [])
    }
    report.saves.append(try OutputName(options.saving, output: output).final)
    try Terminal.show(common.json ? json(report) : "twice: \(report.text)")
  }

  /// What a copy is called that is kept, and what its other saves are named after.
  func copyName(_ copy: SliderCopy) throws(OptionsError) -> OutputName {
    let path = try OutputName(options.saving, output: options.run.output).path(with: copy.rawValue)
    return try OutputName(options.saving, output: path)
  }

  /// The shape that is meant where a warm-up is asked for and no shape.
  var schedule: ScheduleShape {
    let options = options.schedule
    let warmsUp = options.lrScheduler == .constant && options.lrWarmupSteps != .steps(0)
    return warmsUp ? .constantWithWarmup : options.lrScheduler
  }

  func job(
    on copy: SliderCopy, _ device: ComputeDevice, over base: TrainedAdapter?
  ) throws -> TrainingJob {
    var options = options
    options.run.image = [pair[copy]]
    options.network.networkTrainUnetOnly = !options.network.networkTrainTextEncoderOnly
    options.schedule.lrScheduler = schedule
    let name = try copyName(copy)
    options.run.output = name.directory + name.final
    return try TrainingJob(
      options, on: base, device: device, environment: environment)
  }
}
