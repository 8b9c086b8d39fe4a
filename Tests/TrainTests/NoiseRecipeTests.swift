import Diffusion
import Foundation
import Tensors
import TestSupport
import Testing

@testable import Train

@Suite struct NoiseRecipeTests {
  /// Draws of an independent program with its own Philox: fixtures/train.
  struct Expected: Decodable {
    struct Case: Decodable {
      struct Recipe: Decodable {
        let offset: Double?
        let offsetIsRandom: Bool?
        let adaptiveScale: Double?
        let multiresolutionIterations: Int?
        let multiresolutionDiscount: Double?
        let inputGamma: Double?
        let inputGammaIsRandom: Bool?
        let timesteps: [Int]?

        var value: NoiseRecipe {
          NoiseRecipe(
            offset: offset ?? 0, offsetIsRandom: offsetIsRandom ?? false,
            adaptiveScale: adaptiveScale, multiresolutionIterations: multiresolutionIterations ?? 0,
            multiresolutionDiscount: multiresolutionDiscount ?? 0.3, inputGamma: inputGamma,
            inputGammaIsRandom: inputGammaIsRandom ?? false,
            timesteps: timesteps.map { $0[0]..<$0[1] } ?? 0..<1000)
        }
      }

      let seed: UInt64
      let batch: Int
      let firstSample: Int
      let recipe: Recipe
      let timesteps: [Int]
      let noise: [Float]
      let inputNoise: [Float]?
    }

    let height: Int
    let width: Int
    let latents: [Float]
    let cases: [Case]
  }

  @Test func drawsAreThoseOfTheDocumentation() throws {
    let url = Fixtures.directory.appending(path: "train/draws.json")
    let expected = try JSONDecoder().decode(Expected.self, from: Data(contentsOf: url))
    let shape = LatentShape(count: 2, height: expected.height, width: expected.width)
    for example in expected.cases {
      let number = BatchNumber(
        seed: example.seed, total: example.batch, firstSample: example.firstSample)
      let draws = example.recipe.value.draws(for: expected.latents, shape, of: number)
      #expect(draws.timesteps == example.timesteps)
      expect(draws.noise, approximates: example.noise, within: 2e-6)
      #expect((draws.inputNoise == nil) == (example.inputNoise == nil))
      if let input = draws.inputNoise, let wanted = example.inputNoise {
        expect(input, approximates: wanted, within: 2e-6)
      }
    }
  }

  /// One machine with a batch of two draws what two machines with one each draw.
  @Test func samplesDrawAloneWhatTheyDrawTogether() {
    let recipe = NoiseRecipe(offset: 0.1, inputGamma: 0.1)
    let latents = [Float](repeating: 0.5, count: 2 * 6 * 4 * 4)
    let both = recipe.draws(
      for: latents, LatentShape(count: 2, height: 6, width: 4), of: BatchNumber(seed: 7, total: 3))
    let second = recipe.draws(
      for: Array(latents.suffix(96)), LatentShape(count: 1, height: 6, width: 4),
      of: BatchNumber(seed: 7, total: 3, firstSample: 1))
    #expect(Array(both.noise.suffix(96)) == second.noise)
    #expect(both.timesteps.last == second.timesteps.first)
    #expect(both.inputNoise.map { Array($0.suffix(96)) } == second.inputNoise)
  }

  @Test func timestepsFillTheirRangeEvenly() {
    var counts = [Int](repeating: 0, count: 10)
    let recipe = NoiseRecipe()
    let shape = LatentShape(count: 8, height: 1, width: 1)
    for batch in 0..<1000 {
      let number = BatchNumber(seed: 1, total: batch)
      for timestep in recipe.draws(for: [Float](repeating: 0, count: 32), shape, of: number)
        .timesteps
      {
        counts[timestep / 100] += 1
      }
    }
    #expect(counts.allSatisfy { (700...900).contains($0) }, "\(counts)")
  }

  @Test func streamsOfPurposesShareNoNumber() {
    let streams = [
      DrawStream(seed: 1, purpose: .noise, step: 1), DrawStream(seed: 1, purpose: .noise, step: 2),
      DrawStream(seed: 1, purpose: .noise, step: 1, sample: 1),
      DrawStream(seed: 1, purpose: .noise, step: 1, sample: 0, level: 1),
      DrawStream(seed: 1, purpose: .inputNoise, step: 1),
      DrawStream(seed: 2, purpose: .noise, step: 1),
    ]
    #expect(Set(streams.map { $0.generator.words(block: 0) }).count == streams.count)
  }

  @Test(arguments: [Prediction.noise, .velocity])
  func noisedBatchFollowsTheSchedule(_ prediction: Prediction) {
    let schedule = NoiseSchedule()
    let draws = StepDraws(
      timesteps: [0, 999], noise: [1, 2, 3, 4, 5, 6, 7, 8], inputNoise: [2, 2, 3, 4, 5, 6, 7, 9])
    let latents: [Float] = [8, 7, 6, 5, 4, 3, 2, 1]
    let batch = draws.noised(latents, schedule, prediction)
    let (s, n) = (schedule.signalScale(at: 999), schedule.noiseScale(at: 999))
    #expect(batch.input[7] == s * 1 + n * 9)
    #expect(batch.target[7] == (prediction == .noise ? 8 : s * 8 - n * 1))
  }
}
