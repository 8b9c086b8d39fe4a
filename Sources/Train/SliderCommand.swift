package import ArgumentParser
import CommandSupport
import Datasets
import Diffusion
import Files
import Images

package struct SliderCommand: ParsableCommand {
  package static let configuration = CommandConfiguration(
    commandName: "slider",
    abstract: "Make a slider out of two pictures that differ in one thing.",
    usage: "lora slider --model MODEL --before PICTURE --after PICTURE -o FILE",
    discussion: paragraphs(
      """
        lora slider --model MODEL --before small.png --after big.png \\
          -o slider.safetensors --html slider.html

      An adapter is trained on what differs between the two pictures. It is scaled so that the \
      weights from -1 to 1 make the change of the pair, and measured on seeds that it was not \
      trained on: how much changes inside of what differs, and how much elsewhere. lora inspect \
      shows these figures, the page of --html has a slider to move.

      Several pairs teach more than one, with --pair for each or from a folder:
        lora slider --model MODEL --pair a1.png a2.png --pair b1.png b2.png \\
          -o slider.safetensors
        lora slider --model MODEL --pairs FOLDER -o slider.safetensors

      --method difference trains one adapter on each picture until it can only draw that picture; \
      the exact difference of the two is the slider. --method merged trains the second on top of \
      the first. Both take some ten times as long. Each copy is checked: how much of the way it \
      has gone from what the model draws without a prompt (0 %) to its picture (100 %). Below 50 % \
      there is a warning, below 5 % of the first the run ends.

      What is not given is set for this job: the size by the model, the rate, the steps, the rank, \
      the seed. --dry-run shows all settings, --help-hidden the rare options.
      """))

  @OptionGroup(title: "The slider") var pair: SliderOptions
  @OptionGroup var options: TrainingOptions
  @OptionGroup var common: CommonOptions

  package init() {}

  package func validate() throws {
    if pair.pairs == nil { _ = try pair.pairFiles() }
    try pair.checkMethod()
    if !options.run.image.isEmpty || options.run.trainDataDir != nil
      || options.data.datasetConfig != nil || options.machine.replay != nil
    {
      throw ValidationError(
        "--before and --after are the data; drop --image, --data, --dataset-config and --replay.")
    }
    if options.saving.resume != nil, pair.method != .direct {
      throw ValidationError(
        "lora slider cannot go on from a state, but lora train can go on with one copy: lora train "
          + "--image PICTURE --network-train-unet-only --resume STATE -o COPY, with the other "
          + "options as they were; lora diff AFTER BEFORE -o SLIDER makes the slider of two copies."
      )
    }
    if options.machine.outputConfig {
      throw ValidationError("--output-config belongs to lora train.")
    }
    if pair.method == .direct, options.network.networkTrainTextEncoderOnly {
      throw ValidationError(
        "--method direct trains the U-Net; drop --network-train-text-encoder-only.")
    }
    if pair.html != nil, pair.noCheck {
      throw ValidationError("--html shows the pictures of the check; drop --no-check.")
    }
    if let fault = pair.strip.flatMap(misleadingPictureName) { throw ValidationError(fault) }
  }

  package mutating func run() throws {
    guard let output = options.run.output else {
      throw KeyedArguments.error("no result is named; give -o FILE")
    }
    let size = try applyPreset()
    let outputs = try outputs(output)
    try options.machine.dryRun ? outputs.check() : outputs.prepare()
    noteResult()
    if !common.quiet, let note = unreadNote { Terminal.note(note) }
    let compared = try comparePictures(size)
    let device = try options.machine.computeDevice(threads: common.threadCount)
    if options.machine.dryRun {
      return try rehearse(output, device, compared)
    }
    defer { device.report(quiet: common.quiet) }
    let files = try CopyFiles(
      output: OutputName(options.saving, output: output), keeps: pair.keepCopies)
    do {
      try make(output, device, files, compared)
    } catch {
      if let leftover = files.leftover { Terminal.note(leftover) }
      throw error
    }
    if let status = Interruption.exitStatus { throw ExitCode(status) }
  }

  private func make(
    _ output: String, _ device: ComputeDevice, _ files: CopyFiles, _ compared: [PicturePair]
  ) throws {
    let start = ContinuousClock.now
    let made =
      try pair.method == .direct
      ? makeDirectly(device, compared) : makeFromCopies(device, files)
    try say(finish(made, to: output, compared[0], files, since: start))
  }

  /// Sets what the user has not set, by the model's kind and the picture's shape.
  ///
  /// - Returns: The size of pictures that the model was made for.
  private mutating func applyPreset() throws -> PixelSize {
    let model = try PretrainedModel(
      path: options.run.pretrainedModelNameOrPath, random: options.machine.randomWeights)
    let preset = SliderPreset(pair.method, for: model.kind)
    let header = try pair.pairFiles().first.map { try TrainingPicture.header(of: $0.before) }
    options = preset.applied(
      to: options,
      showing: header.map { PixelSize(width: $0.displayWidth, height: $0.displayHeight) })
    return try model.usualSize(options.model)
  }

  private func noteResult() {
    guard !common.quiet, let output = options.run.output else { return }
    for note in resultNotes(output, isResumed: false) { Terminal.note(note) }
  }

  private func say(_ report: SliderReport) throws {
    if common.json { try Terminal.show(json(report)) }
    guard !common.quiet else { return }
    if let table = report.table { Terminal.report(table) }
    if let verdict = report.verdict { Terminal.note(verdict) }
    Terminal.note(report.summary)
    if let command = samplingCommand(report.output, weights: "-2..2/9", options) {
      Terminal.note("to draw with it: \(command)")
    }
  }

  /// Says how the pictures of each pair differ as they are trained on, and where more does than is
  /// meant.
  private func comparePictures(_ size: PixelSize) throws -> [PicturePair] {
    let files = try pair.pairFiles { if !common.quiet { Terminal.note($0) } }
    return try files.map { pair in
      var compared = try PicturePair(
        before: pair.before, after: pair.after, options, resolution: size)
      (compared.span, compared.caption) = (Float(pair.span), pair.caption)
      if !common.quiet {
        let name = files.count > 1 ? "\(pair.after): " : ""
        Terminal.note(name + compared.difference.summary)
        for note in compared.difference.warnings + compared.notes { Terminal.note(note) }
      }
      return compared
    }
  }

  /// The outputs of the command beside those of its runs.
  private func outputs(_ output: String) throws -> PlannedOutputs {
    var outputs = PlannedOutputs()
    outputs.addFile(output)
    outputs.addFile(pair.strip)
    outputs.addFile(pair.html)
    if pair.keepCopies {
      for copy in [SliderCopy.before, .after] {
        let name = try copyName(copy)
        outputs.addFile(name.directory + name.final)
      }
    }
    return outputs
  }

  /// Says what the run would do, or each of the two, and what would be there after it.
  private func rehearse(
    _ output: String, _ device: ComputeDevice, _ compared: [PicturePair]
  ) throws {
    let isDirect = pair.method == .direct
    let rehearsal = try Rehearsal(
      isDirect ? directOptions(compared) : options(for: .before),
      pairs: isDirect ? (pair.recipe(for: compared), compared) : nil, draws: true,
      device: device, environment: environment)
    let between = rehearsal.job.plan.saves.all.filter { $0.occasion != .final }.map(\.file)
    let report = TrainingReport(
      rehearsal.job, memory: rehearsal.memoryByteCount,
      saves: try isDirect
        ? between + results(output) : copies(of: rehearsal.job) + results(output),
      options: options)
    try Terminal.show(
      common.json ? json(report) : isDirect ? report.text : "twice: \(report.text)")
  }

  /// The files that are there when a slider is made, beside those of its runs.
  private func results(_ output: String) throws -> [String] {
    [try OutputName(options.saving, output: output).final, pair.strip, pair.html]
      .compactMap(\.self)
  }

  /// The files that the runs of both copies leave, in order.
  private func copies(of job: TrainingJob) throws -> [String] {
    let names = try [copyName(.before), copyName(.after)]
    let between = job.plan.saves.all.filter { $0.occasion != .final }.map { save in
      save.file.dropFirst(names[0].stem.count)
    }
    return names.flatMap { name in
      between.map { name.stem + $0 } + (pair.keepCopies ? [name.final] : [])
    }
  }

  /// The name of a copy that is kept; its other saves are named after it.
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
    try TrainingJob(options(for: copy), on: base, device: device, environment: environment)
  }

  private func options(for copy: SliderCopy) throws -> TrainingOptions {
    var options = options
    options.run.image = [pair[copy]]
    options.network.networkTrainUnetOnly = !options.network.networkTrainTextEncoderOnly
    options.schedule.lrScheduler = schedule
    let name = try copyName(copy)
    options.run.output = name.directory + name.final
    return options
  }
}
