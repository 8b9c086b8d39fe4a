package import ArgumentParser
import CommandSupport
import Diffusion
import Files
import Images

package struct SliderCommand: ParsableCommand {
  package static let configuration = CommandConfiguration(
    commandName: "slider",
    abstract: "Make a slider out of two pictures that differ in one thing.",
    discussion: """
        lora slider --model MODEL --before small.png --after big.png \\
          --learning-rate 0.001 --max-train-steps 1500 -o slider.st --strip strip.png

      An adapter is trained on each picture until it can only draw that picture; the exact \
      difference of the two is the slider. --strip draws pictures over its weights, lora sample \
      any others. All options of training apply to both copies.

      Each copy is checked: how much of the way it has gone from what the model draws without a \
      prompt (0 %) to its picture as the VAE gives it back (100 %). Below 50 % there is a \
      warning: the slider would change more than is meant. --json has the figures.
      """)

  @OptionGroup(title: "The slider") var pair: SliderOptions
  @OptionGroup var options: TrainingOptions
  @OptionGroup var common: CommonOptions

  package init() {}

  package func validate() throws {
    if !options.run.image.isEmpty || options.run.trainDataDir != nil
      || options.data.datasetConfig != nil || options.machine.replay != nil
    {
      throw ValidationError(
        "--before and --after are the data; drop --image, --data, --dataset-config and --replay.")
    }
    if options.saving.resume != nil || options.machine.outputConfig {
      throw ValidationError("--resume and --output-config belong to lora train.")
    }
  }

  package func run() throws {
    guard let output = options.run.output else {
      throw KeyedArguments.error("no result is named; give -o FILE")
    }
    let outputs = try outputs(output)
    try options.machine.dryRun ? outputs.check() : outputs.prepare()
    let compared = try comparePictures()
    let device = try options.machine.computeDevice(threads: common.threadCount)
    if options.machine.dryRun { return try rehearse(output, device) }
    let low = try trained(on: pair.before, named: "before", output, device).copy
    let (high, job) = try trained(
      on: pair.after, named: "after", output, device,
      over: pair.method == .merged ? low.adapter : nil, untouched: low.untouched)
    let slider =
      switch pair.method {
      case .difference:
        low.adapter.modules.difference(high.adapter.values, less: low.adapter.values)
      case .merged: high.adapter
      }
    try AdapterFile(
      modules: slider.modules, values: slider.values,
      type: (options.saving.savePrecision ?? .float).elementType
    ).write(to: output, metadata: metadata(job, slider.modules))
    if !pair.keepCopies {
      for name in ["before", "after"] { try remove(at: copyPath(name, output)) }
    }
    let changes = try pair.strip.map { try drawStrip(to: $0, slider, compared, job) } ?? []
    let rank = slider.modules.modules.map(\.rank).max() ?? 0
    try say(
      SliderReport(
        output: output, method: pair.method, modules: slider.modules.modules.count, rank: rank,
        pair: SliderReport.Pair(compared.difference, compared.notes),
        copies: [low.check, high.check], changes: changes))
  }

  private func say(_ report: SliderReport) throws {
    if common.json { print(try json(report)) }
    if let table = report.table, !common.quiet { Terminal.report(table) }
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

  /// All that the command writes but for what each of its runs does.
  private func outputs(_ output: String) throws -> PlannedOutputs {
    var outputs = PlannedOutputs()
    outputs.addFile(output)
    outputs.addFile(pair.strip)
    if pair.keepCopies {
      for name in ["before", "after"] { outputs.addFile(try copyPath(name, output)) }
    }
    return outputs
  }

  /// Says what each of the two runs would do.
  private func rehearse(_ output: String, _ device: ComputeDevice) throws {
    let rehearsal = try Rehearsal(
      options(for: pair.before, named: "before", output), draws: true, device: device,
      environment: environment)
    let report = TrainingReport(
      rehearsal.job, memory: rehearsal.memoryByteCount, saves: try outputs(output).paths,
      options: options)
    print(common.json ? try json(report) : "twice: \(report.text)")
  }

  private func copyPath(_ name: String, _ output: String) throws(OptionsError) -> String {
    try OutputName(options.saving, output: output).path(with: name)
  }

  private func job(
    on picture: String, named name: String, _ output: String, _ device: ComputeDevice,
    over base: TrainedAdapter?
  ) throws -> TrainingJob {
    try TrainingJob(
      options(for: picture, named: name, output), on: base, device: device,
      environment: environment)
  }

  private func options(
    for picture: String, named name: String, _ output: String
  ) throws -> TrainingOptions {
    var options = options
    options.run.image = [picture]
    options.network.networkTrainUnetOnly = !options.network.networkTrainTextEncoderOnly
    // The shape that is meant where a warm-up is asked for and no shape.
    if options.schedule.lrScheduler == .constant, options.schedule.lrWarmupSteps != .steps(0) {
      options.schedule.lrScheduler = .constantWithWarmup
    }
    options.run.output = try copyPath(name, output)
    return options
  }

  /// Trains a copier of one picture and looks at what it draws.
  ///
  /// - Parameters:
  ///   - base: An adapter that the model is changed by first.
  ///   - untouched: What the model draws without any copy, where that is known.
  private func trained(
    on picture: String, named name: String, _ output: String, _ device: ComputeDevice,
    over base: TrainedAdapter? = nil, untouched: [Picture]? = nil
  ) throws -> (copy: PictureCopy, job: TrainingJob) {
    let job = try job(on: picture, named: name, output, device, over: base)
    if !common.quiet {
      if base == nil { for warning in job.warnings { Terminal.note(warning) } }
      Terminal.note("\(name): \(TrainingReport(job).headline)")
    }
    try job.checkMemory()
    let session = try TrainingSession(job, quiet: common.quiet)
    let status = try session.run()
    guard status == 0 else { throw ExitCode(status) }
    let copy = try PictureCopy(
      TrainedAdapter(modules: job.modules, values: session.loop.weights), of: picture, job,
      untouched: untouched)
    if !common.quiet {
      Terminal.note(copy.check.summary)
      if let warning = copy.check.warning { Terminal.note(warning) }
    }
    return (copy, job)
  }

  /// What the slider says about itself: the run of its second half, with its own rank.
  private func metadata(
    _ job: TrainingJob, _ modules: AdaptedModules
  ) -> [(key: String, value: String)] {
    let rank = modules.modules.first?.rank ?? 0
    let alpha = Double(modules.modules.first?.alpha ?? 0)
    let changed = [
      "ss_network_dim": "\(rank)", "ss_network_alpha": PythonText.of(alpha),
      "ss_output_name": job.plan.saves.output.name ?? "",
    ]
    return job.metadata.entries(step: job.plan.steps, epoch: job.plan.epochs).map {
      ($0.key, changed[$0.key] ?? $0.value)
    }
  }

  private func drawStrip(
    to path: String, _ slider: TrainedAdapter, _ compared: PicturePair, _ job: TrainingJob
  ) throws -> [SliderStrip.Change] {
    let maker = try PictureMaker(job, unet: pair.method == .merged ? plainUNet(job) : nil)
    let adapters = Diffusion.Adapters(slider.modules, values: slider.values, on: job.backend)
    let weights = WeightedFile.weights(pair.stripWeights) ?? []
    let seeds = pair.stripSeeds.seeds
    let prompt = SamplePrompt(compared.size)
    let progress = Progress(
      "drawing", total: weights.count * seeds.count * prompt.steps, quiet: common.quiet)
    let region = compared.difference.changedExtent
    let strip = try SliderStrip(weights: weights, seeds: seeds, region: region) { seed, weight in
      try maker.picture(of: prompt, seed: seed, adapters: adapters.scaled(Float(weight))) { _ in
        progress.advance()
      }
    }
    progress.finish()
    try strip.drawn.write(to: path, texts: [])
    return strip.changes
  }

  /// The model without the first copy, which the second was trained over.
  private func plainUNet(_ job: TrainingJob) throws -> UNet {
    try PretrainedModel(
      path: options.run.pretrainedModelNameOrPath, random: options.machine.randomWeights
    ).unet(on: job.backend)
  }
}
