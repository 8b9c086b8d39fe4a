import Diffusion
import Foundation
import TestSupport
import Testing

@testable import Train

@Suite struct BatchLossTests {
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

  @Test func lossesAreThoseOfTheFormulas() throws {
    let expected = try Expected.fixture.get()
    for example in expected.cases {
      for (timestep, wanted) in zip(expected.timesteps, example.losses) {
        let loss = BatchLoss(
          of: expected.prediction, against: expected.target, timesteps: [timestep],
          sampleWeights: [1], example.recipe.value, schedule)
        #expect(abs(loss.mean - wanted) <= 1e-4 * wanted, "\(example.recipe) at \(timestep)")
      }
    }
  }

  /// The gradient of every kind of loss against differences of the loss.
  @Test func gradientsAreDifferencesOfTheLoss() throws {
    let expected = try Expected.fixture.get()
    let prediction: [Float] = [0.5, -1, 0.3, 3, 0.1, 0.2, -2, 1]
    let target: [Float] = [0, -1.5, 0.25, 1, 0.4, -0.2, -1, -1]
    let mask: [Float] = [0.25, 1]
    for example in expected.cases {
      let loss = { (prediction: [Float]) in
        BatchLoss(
          of: prediction, against: target, timesteps: [100, 900], sampleWeights: [1, 0.5],
          mask: mask, example.recipe.value, schedule)
      }
      let gradient = loss(prediction).gradient
      let numeric = prediction.indices.map { index in
        var (above, below) = (prediction, prediction)
        above[index] += 0x1p-10
        below[index] -= 0x1p-10
        return Float((loss(above).mean - loss(below).mean) / 0x1p-9)
      }
      expect(gradient, approximates: numeric, within: 2e-3)
    }
  }

  @Test func sampleWeightsAndMasksScaleTheLoss() {
    let zeros = [Float](repeating: 0, count: 16)
    let ones = [Float](repeating: 1, count: 16)
    let recipe = LossRecipe()
    let half = BatchLoss(
      of: ones, against: zeros, timesteps: [1, 2], sampleWeights: [1, 0], recipe, schedule)
    #expect(half.mean == 0.5)
    // Half of one sample is hidden; the mean is still over all of it.
    let masked = BatchLoss(
      of: ones, against: zeros, timesteps: [1, 2], sampleWeights: [1, 1], mask: [0, 1, 1, 1],
      recipe,
      schedule)
    #expect(masked.mean == 0.75)
    #expect(masked.gradient.prefix(4) == [0, 0, 0, 0])
  }

  @Test(arguments: LossType.allCases)
  func nanIsNotHidden(_ type: LossType) {
    let loss = BatchLoss(
      of: [.nan, 0, 0, 0], against: [0, 0, 0, 0], timesteps: [5], sampleWeights: [1],
      LossRecipe(type: type), schedule)
    #expect(loss.mean.isNaN)
    #expect(loss.gradient[0].isNaN)
    #expect(loss.gradient[1] == 0)
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
