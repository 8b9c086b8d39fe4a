import Compute
import Diffusion
import Foundation
import Tensors
import TestSupport
import Testing

@testable import Train

/// The loss of whole steps beside the formulas of the training specification's 3.2, in float64.
@Suite(.enabled(if: TinyRun.canRun, "this processor lacks what the program needs"))
struct LossLoopTests {
  /// What a case asks for, and the loss of one element and of one sample that this means.
  struct Case: CustomTestStringConvertible, Sendable {
    let arguments: [String]
    var element: @Sendable (Double, Double) -> Double = { difference, _ in difference * difference }

    /// By signal to noise.
    var weight: @Sendable (Double) -> Double = { _ in 1 }

    /// By timestep and σ.
    var constant: @Sendable (Double, Double) -> Double = { _, _ in 0 }
    var predictsVelocity: Bool { arguments.contains("--v-parameterization") }
    var testDescription: String { arguments.joined(separator: " ") }
  }

  @Sendable private static func huber(_ d: Double, _ c: Double) -> Double {
    2 * c * ((d * d + c * c).squareRoot() - c)
  }

  static let velocity = "--v-parameterization"

  static let cases = [
    Case(arguments: ["--loss-type", "l2"]),
    Case(arguments: ["--loss-type", "l1"], element: { d, _ in abs(d) }),
    Case(
      arguments: ["--loss-type", "huber", "--huber-c", "0.2"], element: huber,
      constant: { _, sigma in 0.8 / pow(1 + sigma, 2) + 0.2 }),
    Case(
      arguments: [
        "--loss-type", "huber", "--huber-schedule", "exponential", "--huber-scale", "0.5",
      ], element: huber, constant: { t, _ in exp(t * log(0.1) / 1000) * 0.5 }),
    Case(
      arguments: [
        "--loss-type", "smooth_l1", "--huber-schedule", "constant", "--huber-scale", "2",
      ], element: { d, c in 2 * ((d * d + c * c).squareRoot() - c) }, constant: { _, _ in 0.2 }),
    Case(arguments: ["--min-snr-gamma", "5"], weight: { min($0, 5) / $0 }),
    Case(arguments: ["--debiased-estimation-loss"], weight: { 1 / min($0, 1000).squareRoot() }),
    Case(
      arguments: ["--v-pred-like-loss", "0.3"],
      weight: { 1 + 0.3 * (min($0, 1000) + 1) / min($0, 1000) }),
    Case(arguments: [velocity]),
    Case(arguments: [velocity, "--min-snr-gamma", "5"], weight: { min($0, 5) / ($0 + 1) }),
    Case(
      arguments: [velocity, "--scale-v-pred-loss-like-noise-pred"],
      weight: { min($0, 1000) / (min($0, 1000) + 1) }),
    Case(
      arguments: [velocity, "--debiased-estimation-loss"], weight: { 1 / (min($0, 1000) + 1) }),
    Case(arguments: [velocity, "--zero-terminal-snr"]),
    Case(arguments: ["--noise-offset", "0.1", "--multires-noise-iterations", "3"]),
    Case(arguments: ["--ip-noise-gamma", "0.1"]),
  ]

  @Test(arguments: cases)
  func lossIsThatOfTheFormulas(_ example: Case) throws {
    let run = try TinyRun()
    let job = try run.job(
      steps: 3,
      example.arguments + [
        "--train-batch-size", "2", "--repeats", "6", "--network-train-unet-only",
      ])
    let loop = try TrainingLoop(job)
    for step in 0..<3 {
      let number = BatchNumber(
        seed: UInt64(job.plan.seed), total: step, index: step, step: step)
      let expected = try loss(example, job, number, weights: loop.weights)
      #expect(abs(try loop.step().loss - expected) < 1e-4 * expected)
    }
  }

  private func loss(
    _ example: Case, _ job: TrainingJob, _ number: BatchNumber, weights: [Float]
  ) throws -> Double {
    let batch = try job.source.batch(number, adapters: nil)
    let draws = job.plan.noise.draws(for: batch.latents, batch.shape, of: number)
    let alphas = Self.alphas(endsInNoise: example.arguments.contains("--zero-terminal-snr"))
    let count = batch.shape.sampleCount
    var (input, target) = (batch.latents.map(Double.init), draws.noise.map(Double.init))
    for (sample, t) in draws.timesteps.enumerated() {
      let (signal, noise) = (alphas[t].squareRoot(), (1 - alphas[t]).squareRoot())
      for i in sample * count..<(sample + 1) * count {
        let (x, e) = (Double(batch.latents[i]), Double(draws.noise[i]))
        input[i] = signal * x + noise * Double((draws.inputNoise ?? draws.noise)[i])
        target[i] = example.predictsVelocity ? signal * e - noise * x : e
      }
    }
    let shape: Shape = [batch.shape.count, batch.shape.height, batch.shape.width, 4]
    let prediction = job.unet.prediction(
      of: UNetInputs(
        latents: Tensor(input.map { Float($0) }, shape: shape, on: job.backend),
        timesteps: Tensor(
          draws.timesteps.map { Float($0) }, shape: [batch.shape.count], on: job.backend),
        context: batch.context),
      adapters: DeviceAdapters(job.modules, values: weights, on: job.backend)
    ).values().map(Double.init)
    // The ratios are of the schedule before it is made to end in noise; σ is of the one after.
    let plain = Self.alphas(endsInNoise: false)
    let losses = draws.timesteps.enumerated().map { sample, t in
      let sigma = ((1 - alphas[t]) / alphas[t]).squareRoot()
      let constant = example.constant(Double(t), sigma)
      let sum = (sample * count..<(sample + 1) * count).reduce(0) {
        $0 + example.element(prediction[$1] - target[$1], constant)
      }
      return example.weight(plain[t] / (1 - plain[t])) * sum / Double(count)
    }
    return losses.reduce(0, +) / Double(losses.count)
  }

  private static func alphas(endsInNoise: Bool) -> [Double] {
    let (first, last) = (0.00085.squareRoot(), 0.012.squareRoot())
    var product = 1.0
    let alphas = (0..<1000).map { index in
      product *= 1 - pow(first + (last - first) * Double(index) / 999, 2)
      return product
    }
    guard endsInNoise else { return alphas }
    let roots = alphas.map { $0.squareRoot() }
    return roots.map { pow(($0 - roots[999]) * roots[0] / (roots[0] - roots[999]), 2) }
  }
}
