import Diffusion
import Foundation
import Tensors
import TestSupport
import Testing

@testable import Train

/// Whole runs, with a schedule, accumulation and clipping, beside the rules in float64.
///
/// The gradients of a step are those by which plain descent moves the same weights in a run that
/// begins at that step.
@Suite(.enabled(if: TinyRun.canRun, "this processor lacks what the program needs"))
struct OptimizerLoopTests {
  static let steps = 5
  static let limit = 0.004
  static let data = ["--network-train-unet-only", "--gradient-accumulation-steps", "2"]

  /// `linear` with one step of warm-up: the first step has rate 0.
  static func factor(step: Int) -> Double { step == 0 ? 0 : Double(steps - step) / 4 }

  struct Case: CustomTestStringConvertible {
    let type: any Optimizer.Type
    let arguments: [String]
    let rate: Double
    let rule: @Sendable (AdaptedModules) -> any PlainRule
    var testDescription: String { type.names[0] }
  }

  static let cases = [
    Case(type: AdamW.self, arguments: ["weight_decay=0.1", "betas=0.9,0.99"], rate: 0.001) { _ in
      PlainAdamW()
    },
    Case(type: Lion.self, arguments: ["weight_decay=0.1"], rate: 0.001) { _ in PlainLion() },
    Case(type: Prodigy.self, arguments: ["d0=0.001"], rate: 1) { _ in PlainProdigyRun() },
    Case(type: Adafactor.self, arguments: ["relative_step=False"], rate: 0.1) {
      PlainAdafactorRun($0)
    },
    Case(type: Nesterov.self, arguments: ["weight_decay=0.1"], rate: 0.5) { _ in PlainNesterov() },
  ]

  @Test func everyRuleHasItsFormulas() {
    #expect(Self.cases.map { $0.type.names } == optimizers.map { $0.names })
  }

  @Test(arguments: cases)
  func everyStepIsThatOfTheFormulas(_ example: Case) throws {
    let run = try TinyRun()
    let job = try run.job(
      steps: Self.steps,
      Self.data + example.arguments.map { "--optimizer-args=\($0)" } + [
        "--optimizer-type", example.type.names[0], "--learning-rate", "\(example.rate)",
        "--lr-scheduler", "linear", "--lr-warmup-steps", "1", "--max-grad-norm", "\(Self.limit)",
      ])
    let loop = try TrainingLoop(job)
    var rule = example.rule(job.modules)
    var isClear = job.initialValues.map { _ in true }
    var wasClipped = false
    for step in 0..<Self.steps {
      let before = loop.weights
      var gradient = try gradient(run, job, of: before, at: step)
      let norm = gradient.reduce(0) { $0 + $1 * $1 }.squareRoot()
      wasClipped = wasClipped || norm > Self.limit
      gradient = gradient.map { $0 * min(1, Self.limit / (norm + 1e-6)) }
      var expected = before.map(Double.init)
      rule.step(
        &expected, gradient, rate: example.rate * Self.factor(step: step), t: step + 1)
      #expect(abs(try loop.step().gradientNorm - norm) < 1e-3 * norm)
      // A gradient that is all rounding has no sign to speak of.
      let largest = gradient.map(abs).max() ?? 0
      for i in gradient.indices where gradient[i] != 0 && abs(gradient[i]) < 1e-3 * largest {
        isClear[i] = false
      }
      let after = loop.weights
      for i in before.indices where isClear[i] {
        let change = expected[i] - Double(before[i])
        let error = abs(Double(after[i]) - expected[i])
        guard error > 2e-3 * abs(change) + 6e-8 else { continue }
        Issue.record("step \(step), weight \(i): \(after[i]), not \(expected[i])")
        return
      }
    }
    #expect(wasClipped)
    #expect(isClear.count { $0 } > isClear.count / 4)
  }

  /// Of the batches of one step at some weights.
  private func gradient(
    _ run: TinyRun, _ job: TrainingJob, of weights: [Float], at step: Int
  ) throws -> [Double] {
    let file = run.folder["weights.st"]
    let adapter = TrainedAdapter(modules: job.modules, values: weights)
    _ = try SavedAdapter(writing: adapter.plan, to: file, as: .float32, metadata: [])
    let rate = 1000.0
    let loop = try TrainingLoop(
      run.job(
        steps: Self.steps,
        Self.data + [
          "--network-weights", file, "--initial-step", "\(step)", "--max-grad-norm", "0",
          "--optimizer-type", "SGDNesterov", "--optimizer-args=momentum=0",
          "--learning-rate", "\(rate)",
        ]))
    _ = try loop.step()
    return zip(weights, loop.weights).map { (Double($0) - Double($1)) / rate }
  }
}
