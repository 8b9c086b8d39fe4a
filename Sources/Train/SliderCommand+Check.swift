import ArgumentParser
import CommandSupport
import Diffusion
import Files
import Images
import JSON
import Pages

extension SliderCommand {
  /// Calibrates a slider, measures it, writes it, draws its strip and reports.
  ///
  /// An interruption leaves out what is not done yet; the slider is written in any case.
  ///
  /// - Parameter files: The copies that it is made of; they go when it is there.
  func finish(
    _ made: Made, to output: String, _ compared: PicturePair,
    _ files: CopyFiles, since start: ContinuousClock.Instant
  ) throws -> SliderReport {
    let (job, type) = (made.job, made.job.plan.saves.type)
    Interruption.setLastWords("\(output) is not calibrated")
    var (slider, calibration, measure) = (
      made.slider, SliderCheck.Calibration?.none, SliderMeasure?.none
    )
    var plan = try made.plan(1)
    var drawn: (labels: [String], rows: [[Picture]])?
    do {
      if !pair.noCheck {
        let maker = try PictureMaker(job, unet: pair.method == .merged ? plainUNet(job) : nil)
        let check = try SliderCheck(
          maker, compared, promptsOf: pair.checkPrompts, quiet: common.quiet)
        if !pair.noCalibrate {
          let found = try check.calibration(of: device(slider, job))
          slider = slider.scaled(by: found.factor)
          plan = try made.plan(found.factor)
          calibration = found
        }
        let (found, rows) = try check.measure(of: device(slider, job))
        measure = found
        drawn = (check.labels, rows)
      }
    } catch is Interrupted {
      let state = calibration == nil ? "as it was trained" : "without its figures"
      Terminal.note("interrupted: the slider is written \(state)")
    }
    let figures = SliderFigures(pair.method, calibration, measure)
    var entries = metadata(job, slider.modules)
    if !options.metadata.noMetadata {
      entries.append((SliderFigures.key, try json(figures, .compact)))
    }
    let saved = try SavedAdapter(writing: plan, to: output, as: type, metadata: entries)
    Interruption.setLastWords(nil)
    try files.close()
    if let path = pair.html, let drawn {
      try Pages.write(page(figures, drawn, compared, job, output).html(), to: path)
    }
    let changes = try strip(of: slider, compared, job, beside: output)
    return SliderReport(
      output: output, bytes: saved.byteCount, modelHash: saved.modelHash, method: pair.method,
      modules: slider.modules.modules.count,
      rank: slider.modules.modules.map(\.rank).max() ?? 0,
      seed: job.plan.seed, seconds: (ContinuousClock.now - start).inSeconds,
      pair: SliderReport.Pair(compared.difference, compared.notes), copies: made.copies,
      figures: figures, changes: changes)
  }

  /// The page with a slider over the checked pictures.
  private func page(
    _ figures: SliderFigures, _ drawn: (labels: [String], rows: [[Picture]]),
    _ compared: PicturePair, _ job: TrainingJob, _ output: String
  ) -> SliderPage {
    let plan = job.plan
    var facts: [(name: String, value: String)] = []
    if let order = figures.order { facts.append(("order", significant(order, digits: 3))) }
    if let found = figures.calibration {
      facts.append(("scaled by", significant(found.factor, digits: 3)))
      facts.append(("of the pair\u{2019}s change", percent(found.reached)))
    }
    return SliderPage(
      title: Path(output).stem,
      axis: SliderPage.Axis(
        name: "weight", labels: SliderCheck.weights.map(PythonText.short)),
      rows: zip(drawn.labels, drawn.rows).map { SliderPage.Row(label: $0, pictures: $1) },
      pairs: [(before: compared.before.withoutAlpha, after: compared.after.withoutAlpha)],
      figures: SliderPage.Figures(
        lines: [
          ("change inside", figures.changes.map(\.inside)),
          ("change elsewhere", figures.changes.map(\.outside)),
        ], facts: facts,
        explanation:
          "The mean difference from weight 0, inside the rectangle around what differs in "
          + "the pair and elsewhere, on seeds that were not trained."),
      settings: [
        ("Model", Path(options.run.pretrainedModelNameOrPath ?? "").name),
        ("Method", pair.method.rawValue),
        ("Pictures", "\(Path(compared.files.before).name), \(Path(compared.files.after).name)"),
        ("Steps", "\(plan.steps)"),
        ("Layers", (job.pairs?.recipe.layers ?? .all).rawValue),
        ("Learning rate", PythonText.of(options.run.learningRate)),
        ("Rank", "\(job.modules.modules.map(\.rank).max() ?? 0)"),
        ("Seed", "\(plan.seed)"), ("Size", "\(compared.size)"),
      ],
      adapter: SliderPage.Adapter(
        file: output, range: figures.range.flatMap { $0.count == 2 ? $0[0]...$0[1] : nil }),
      command: "slider")
  }

  private func device(_ slider: TrainedAdapter, _ job: TrainingJob) -> DeviceAdapters {
    DeviceAdapters(slider.modules, values: slider.values, on: job.backend)
  }
}

/// The figures of a slider, as its metadata has them under `lora_slider`.
struct SliderFigures: Hashable, Encodable {
  static let key = "lora_slider"

  /// A weight, and the mean changes inside and outside of what differs in the pair, 0 … 1.
  struct Change: Hashable, Encodable {
    let weight: Double
    let inside: Double
    let outside: Double
  }

  let method: SliderMethod
  let calibration: SliderCheck.Calibration?

  /// The lowest and the highest useful weight.
  let range: [Double]?
  let order: Double?
  let changes: [Change]

  init(
    _ method: SliderMethod, _ calibration: SliderCheck.Calibration?, _ measure: SliderMeasure?
  ) {
    self.method = method
    self.calibration = calibration
    order = measure?.order
    range = measure?.usefulRange(outsideLimit: SliderCheck.outsideLimit).map {
      [$0.lowerBound, $0.upperBound]
    }
    changes = (measure?.changes ?? []).map {
      Change(weight: $0.weight, inside: $0.inside.mean, outside: $0.outside.mean)
    }
  }
}
