package import ArgumentParser
import CommandSupport
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
          --learning-rate 0.001 --max-train-steps 1500 \\
          -o slider.safetensors --strip strip.png

      An adapter is trained on each picture until it can only draw that picture; the exact \
      difference of the two is the slider. --strip draws pictures over its weights, lora sample \
      any others. All options of training apply to both copies.

      Each copy is checked: how much of the way it has gone from what the model draws without a \
      prompt (0 %) to its picture as the VAE gives it back (100 %). Below 50 % there is a \
      warning: the slider would change more than is meant. Below 5 % of the first one the run \
      ends. --json has the figures.
      """))

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
  }

  package func run() throws {
    guard let output = options.run.output else {
      throw KeyedArguments.error("no result is named; give -o FILE")
    }
    let outputs = try outputs(output)
    try options.machine.dryRun ? outputs.check() : outputs.prepare()
    noteResult()
    let compared = try comparePictures()
    let device = try options.machine.computeDevice(threads: common.threadCount)
    if options.machine.dryRun { return try rehearse(output, device) }
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
    _ output: String, _ device: ComputeDevice, _ files: CopyFiles, _ compared: PicturePair
  ) throws {
    let start = ContinuousClock.now
    let low = try trained(.before, device, files)
    let high = try trained(.after, device, files, after: low)
    let (slider, plan) = try self.slider(low, high)
    let saved = try SavedAdapter(
      writing: plan, to: output, as: high.job.plan.saves.type,
      metadata: metadata(high.job, slider.modules))
    try files.close()
    let changes = try strip(of: slider, compared, high.job, beside: output)
    let rank = slider.modules.modules.map(\.rank).max() ?? 0
    try say(
      SliderReport(
        output: output, bytes: saved.byteCount, modelHash: saved.modelHash, method: pair.method,
        modules: slider.modules.modules.count, rank: rank,
        seconds: (ContinuousClock.now - start).inSeconds,
        pair: SliderReport.Pair(compared.difference, compared.notes),
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

  /// Says how the pictures differ as they are trained on, and where more does than is meant.
  private func comparePictures() throws -> PicturePair {
    let model = try PretrainedModel(
      path: options.run.pretrainedModelNameOrPath, random: options.machine.randomWeights)
    let velocity = options.model.vParameterization || model.predictsVelocity == true
    let side = model.kind.usualSide(predictsVelocity: velocity)
    let compared = try PicturePair(
      before: pair.before, after: pair.after, options,
      resolution: PixelSize(width: side, height: side))
    guard !common.quiet else { return compared }
    Terminal.note(compared.difference.summary)
    for note in compared.difference.warnings + compared.notes { Terminal.note(note) }
    return compared
  }

  /// The outputs of the command beside those of its runs.
  private func outputs(_ output: String) throws -> PlannedOutputs {
    var outputs = PlannedOutputs()
    outputs.addFile(output)
    outputs.addFile(pair.strip)
    if pair.keepCopies {
      for copy in [SliderCopy.before, .after] {
        let name = try copyName(copy)
        outputs.addFile(name.directory + name.final)
      }
    }
    return outputs
  }

  /// Says what each of the two runs would do, and what would be there after them.
  private func rehearse(_ output: String, _ device: ComputeDevice) throws {
    let rehearsal = try Rehearsal(
      options(for: .before), draws: true, device: device, environment: environment)
    let report = TrainingReport(
      rehearsal.job, memory: rehearsal.memoryByteCount, saves: try saves(of: rehearsal.job, output),
      options: options)
    try Terminal.show(common.json ? json(report) : "twice: \(report.text)")
  }

  /// The files that are there after both runs, in order.
  private func saves(of job: TrainingJob, _ output: String) throws -> [String] {
    let names = try [copyName(.before), copyName(.after)]
    let between = job.plan.saves.all.filter { $0.occasion != .final }.map { save in
      save.file.dropFirst(names[0].stem.count)
    }
    let copies = names.flatMap { name in
      between.map { name.stem + $0 } + (pair.keepCopies ? [name.final] : [])
    }
    let results = [try OutputName(options.saving, output: output).final, pair.strip]
    return copies + results.compactMap(\.self)
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
