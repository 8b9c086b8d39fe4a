import Compute
import ComputeCPU
import Diffusion
import Foundation
import Tensors
import TestSupport
import Testing

@testable import Train

@Suite struct LossRecipeTests {
  /// Losses of an independent program: fixtures/train.
  struct Expected: Decodable {
    struct Case: Decodable {
      struct Recipe: Decodable {
        let type: String?
        let schedule: String?
        let huberC: Double?
        let huberScale: Double?
        let gamma: Double?
        let velocity: Bool?
        let scaled: Bool?
        let like: Double?
        let debiased: Bool?

        var value: LossRecipe {
          LossRecipe(
            type: type.flatMap { LossType(rawValue: $0) } ?? .l2,
            huberSchedule: schedule.flatMap { HuberSchedule(rawValue: $0) } ?? .snr,
            huberC: huberC ?? 0.1, huberScale: huberScale ?? 1, minSNRGamma: gamma,
            isDebiased: debiased ?? false, scalesVelocityLikeNoise: scaled ?? false,
            velocityLikeLoss: like, prediction: velocity ?? false ? .velocity : .noise)
        }
      }

      let recipe: Recipe
      let losses: [Double]
    }

    let prediction: [Float]
    let target: [Float]
    let timesteps: [Int]
    let cases: [Case]

    static let fixture = Result {
      let url = Fixtures.directory.appending(path: "train/losses.json")
      return try JSONDecoder().decode(Expected.self, from: Data(contentsOf: url))
    }
  }

  let schedule = NoiseSchedule()
  let backend = CPUBackend(threads: 1)

  @Test func lossesAreThoseOfTheFormulas() throws {
    let expected = try Expected.fixture.get()
    for example in expected.cases {
      for (timestep, wanted) in zip(expected.timesteps, example.losses) {
        let loss = loss(
          of: expected.prediction, against: expected.target, at: timestep, example.recipe.value)
        #expect(abs(loss - wanted) <= 1e-4 * wanted, "\(example.recipe) at \(timestep)")
      }
    }
  }

  /// The loss of one pixel, as the training loop computes it.
  private func loss(
    of prediction: [Float], against target: [Float], at timestep: Int, _ recipe: LossRecipe
  ) -> Double {
    let pixel: Shape = [1, 1, 1, 4]
    let loss = Tensor(prediction, shape: pixel, on: backend).loss(
      recipe.distance, target: Tensor(target, shape: pixel, on: backend),
      weights: Tensor([Float(recipe.weight(at: timestep, schedule))], shape: [1], on: backend),
      thresholds: Tensor(
        [Float(recipe.huberConstant(at: timestep, schedule))], shape: [1], on: backend))
    return Double(loss.mean.values()[0])
  }

  /// The weights use the ratios of the schedule as it was; those of the last timestep stay finite.
  @Test func zeroTerminalSNRHasFiniteWeights() {
    let rescaled = schedule.withZeroTerminalSNR
    for recipe in [
      LossRecipe(minSNRGamma: 5), LossRecipe(isDebiased: true), LossRecipe(type: .huber),
    ] {
      #expect(recipe.weight(at: 999, rescaled).isFinite)
      #expect(recipe.huberConstant(at: 999, rescaled).isFinite)
    }
  }
}
