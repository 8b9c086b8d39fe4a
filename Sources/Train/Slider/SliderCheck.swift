import CommandSupport
import Compute
import Datasets
import Diffusion
import Files
import Glibc
import Images

/// Draws with a finished slider what it was not trained on, and finds the weights that it is made for.
struct SliderCheck {
  let maker: PictureMaker
  let pair: PicturePair

  /// One row each: a prompt with its seed.
  let prompts: [SamplePrompt]
  let quiet: Bool

  /// The seeds of the empty prompt, where no prompts are given: none is a slider's or a copy's.
  static let seeds: [UInt32] = [1001, 1002, 1003]

  /// The weights that are drawn for the measure.
  static let weights = [-2, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2]

  /// The mean change of the rest, of the full range, up to which a weight counts as useful.
  static let outsideLimit = 0.05

  /// A slider's factor, and the share of the pair's change that it then makes from weight −1 to 1.
  struct Calibration: Hashable, Encodable {
    let factor: Double
    let reached: Double
  }

  /// Finds the factor by which the slider makes the pair's own change from weight −1 to 1: as large a
  /// mean difference where the pair differs, the mean over the prompts.
  ///
  /// At most four factors are tried, each from the ones before by a line between logarithms.
  func calibration(of slider: DeviceAdapters) throws -> Calibration {
    let progress = Progress(
      "calibrating", total: Self.trials * 2 * prompts.reduce(0) { $0 + $1.steps }, quiet: quiet)
    defer { progress.finish() }
    let whole = change(from: pair.before, to: pair.after)
    var trials: [Calibration] = []
    var factor = 1.0
    while trials.count < Self.trials {
      let changes = try prompts.map { prompt in
        let ends = try [-factor, factor].map {
          try picture(prompt, slider, $0, progress)
        }
        return change(from: ends[0], to: ends[1])
      }
      let reached = changes.reduce(0, +) / Double(changes.count) / max(whole, 1e-9)
      trials.append(Calibration(factor: factor, reached: reached))
      guard let next = Self.next(after: trials) else { break }
      factor = next
    }
    return trials.min { abs(log2(max($0.reached, 1e-9))) < abs(log2(max($1.reached, 1e-9))) }
      ?? Calibration(factor: 1, reached: 0)
  }

  private static let trials = 4

  /// The factor to try next; nil where the last is near enough, or where none is left.
  static func next(after trials: [Calibration]) -> Double? {
    guard let last = trials.last, trials.count < Self.trials, abs(last.reached - 1) > 0.1 else {
      return nil
    }
    let low = trials.filter { $0.reached < 1 }.max { $0.reached < $1.reached }
    let high = trials.filter { $0.reached >= 1 }.min { $0.reached < $1.reached }
    guard let low, let high else {
      let step = min(3, max(1 / 3.0, 1 / max(last.reached, 0.01)))
      let factor = last.factor * step
      return (1 / 16.0...16).contains(factor) ? factor : nil
    }
    let (from, to) = (log2(max(low.reached, 1e-6)), log2(high.reached))
    let share = to > from ? -from / (to - from) : 0.5
    let place = log2(low.factor) + share * (log2(high.factor) - log2(low.factor))
    return exp2(place)
  }

  /// Draws all prompts at all weights, a row a prompt.
  func measure(of slider: DeviceAdapters) throws -> (measure: SliderMeasure, rows: [[Picture]]) {
    let progress = Progress(
      "measuring", total: Self.weights.count * prompts.reduce(0) { $0 + $1.steps }, quiet: quiet)
    defer { progress.finish() }
    let rows = try prompts.map { prompt in
      try Self.weights.map { try picture(prompt, slider, $0, progress) }
    }
    let middle = Self.weights.count / 2
    let measure = SliderMeasure(
      rows, unchanged: rows.map { $0[middle] }, weights: Self.weights,
      region: pair.difference.changedExtent)
    return (measure, rows)
  }

  /// The seed and the prompt of each row.
  var labels: [String] {
    prompts.map { prompt in
      let seed = "seed \(prompt.seed ?? Self.seeds[0])"
      return prompt.prompt.isEmpty ? seed : "\(seed): \(prompt.prompt)"
    }
  }

  private func picture(
    _ prompt: SamplePrompt, _ slider: DeviceAdapters, _ weight: Double, _ progress: Progress
  ) throws -> Picture {
    try maker.picture(
      of: prompt, seed: prompt.seed ?? Self.seeds[0], adapters: slider.scaled(Float(weight))
    ) { _ in progress.advance() }
  }

  private func change(from low: Picture, to high: Picture) -> Double {
    let region = pair.difference.changedExtent ?? pair.difference.extent
    return PictureDistance(from: low.withoutAlpha, to: high.withoutAlpha) {
      region?.contains(x: $0, y: $1) ?? true
    }.mean
  }
}

extension SliderCheck {
  /// - Parameter file: Prompts in the forms of `--sample-prompts`; nil for the empty one.
  init(_ maker: PictureMaker, _ pair: PicturePair, promptsOf file: String?, quiet: Bool) throws {
    var standard = SamplePrompt(pair.size)
    standard.steps = 15
    if let file {
      standard.scale = 5
      prompts = try SamplePrompts.read(
        readFile(file, atMost: settingsLimit), file: file, standard: standard
      ).enumerated().map { index, prompt in
        var prompt = prompt
        prompt.seed = prompt.seed ?? UInt32(1001 + index)
        (prompt.width, prompt.height) = (pair.size.width, pair.size.height)
        return prompt
      }
      try maker.text.check(prompts.flatMap { [$0.prompt, $0.negativePrompt] })
    } else {
      prompts = Self.seeds.map { seed in
        var prompt = standard
        prompt.seed = seed
        return prompt
      }
    }
    (self.maker, self.pair, self.quiet) = (maker, pair, quiet)
  }
}
