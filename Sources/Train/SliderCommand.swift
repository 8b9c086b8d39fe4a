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
      An adapter is trained on each picture until it can only draw that picture; the exact \
      difference of the two is the slider:
        lora slider --model MODEL --before small.png --after big.png -o slider.st --strip strip.png
      """)

  @Option(help: ArgumentHelp("The picture at the slider's low end.", valueName: "picture"))
  var before: String

  @Option(help: ArgumentHelp("The same picture with one thing changed.", valueName: "picture"))
  var after: String

  @Option(help: ArgumentHelp("Draw a strip of pictures over weights here.", valueName: "file"))
  var strip: String?

  @Option(help: ArgumentHelp("Weights of the strip.", valueName: "first..last/count"))
  var stripWeights = "-2..2/9"

  @Option(help: ArgumentHelp("How the slider is made of the two.", valueName: "name"))
  var method = Method.difference

  /// What becomes of the two pictures.
  enum Method: String, CaseIterable, ExpressibleByArgument {
    /// Two adapters, of which the exact difference is taken.
    case difference
  }

  @OptionGroup var options: TrainingOptions
  @OptionGroup var common: CommonOptions

  package init() {}

  package func validate() throws {
    if !options.run.image.isEmpty || options.run.trainDataDir != nil {
      throw ValidationError("--before and --after are the data; drop --image and --data.")
    }
    if WeightedFile.weights(stripWeights) == nil {
      throw ValidationError("--strip-weights takes FIRST..LAST/COUNT, not \(stripWeights).")
    }
  }

  package func run() throws {
    guard let output = options.run.output else {
      throw KeyedArguments.error("no result is named; give -o FILE")
    }
    try compare()
    let low = try trained(on: before, named: "before", output)
    let high = try trained(on: after, named: "after", output)
    let slider = low.job.modules.difference(high.weights, less: low.weights)
    try AdapterFile(
      modules: slider.modules, values: slider.values,
      type: (options.saving.savePrecision ?? .float).elementType
    ).write(to: output, metadata: metadata(high.job, slider.modules))
    if let strip {
      try drawStrip(to: strip, slider, high.job)
    }
  }

  /// Says how the pictures differ, and where more does than is meant.
  private func compare() throws {
    let difference = PictureDifference(
      from: try TrainingPicture.decode(before), to: try TrainingPicture.decode(after))
    guard !common.quiet else { return }
    Terminal.note(difference.summary)
    for warning in difference.warnings { Terminal.note(warning) }
  }

  /// Trains a copier of one picture.
  private func trained(
    on picture: String, named name: String, _ output: String
  ) throws -> (job: TrainingJob, weights: [Float]) {
    var options = options
    options.run.image = [picture]
    options.network.networkTrainUnetOnly = !options.network.networkTrainTextEncoderOnly
    // The shape that is meant where a warm-up is asked for and no shape.
    if options.schedule.lrScheduler == .constant, options.schedule.lrWarmupSteps != .steps(0) {
      options.schedule.lrScheduler = .constantWithWarmup
    }
    options.run.output = try OutputName(options.saving, output: output).path(with: name)
    let job = try TrainingJob(options, threads: common.threadCount, environment: environment)
    if !common.quiet { Terminal.note("\(name): \(TrainingReport(job).headline)") }
    let session = try TrainingSession(job, quiet: common.quiet)
    let status = try session.run()
    guard status == 0 else { throw ExitCode(status) }
    return (job, session.loop.weights)
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
    to path: String, _ slider: (modules: AdaptedModules, values: [Float]), _ job: TrainingJob
  ) throws {
    guard let text = job.text, let vae = job.vae else { return }
    let maker = PictureMaker(
      unet: job.unet, vae: vae, text: text, kind: job.kind, prediction: job.plan.loss.prediction,
      backend: job.backend)
    let adapters = Diffusion.Adapters(slider.modules, values: slider.values, on: job.backend)
    let weights = WeightedFile.weights(stripWeights) ?? []
    var prompt = SamplePrompt(steps: 20)
    let size = job.data?.datasets.first?.buckets.first?.size
    (prompt.width, prompt.height) = (size?.width ?? 512, size?.height ?? 512)
    let seeds: [UInt32] = [1, 2, 3]
    let progress = Progress(
      "drawing", total: weights.count * seeds.count * prompt.steps, quiet: common.quiet)
    let rows = try seeds.map { seed in
      try weights.map { weight in
        try maker.picture(of: prompt, seed: seed, adapters: adapters.scaled(Float(weight))) { _ in
          progress.advance()
        }
      }
    }
    progress.finish()
    try PictureGrid(
      rows: rows, columnLabels: weights.map(PythonText.short),
      rowLabels: seeds.map { "seed \($0)" }
    ).drawn().write(to: path, texts: [])
  }
}
