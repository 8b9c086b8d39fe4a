import Diffusion
import Foundation
import TestSupport
import Testing

@Suite struct SamplerTests {
  /// Latents that an independent program reached on Gaussian data: fixtures/diffusion.
  struct Expected: Decodable {
    struct Case: Decodable {
      let method: String
      let spacing: String
      let steps: Int
      let timesteps: [Float]
      let latents: [Float]
    }

    let mean: [Float]
    let deviation: Float
    let start: [Float]
    let cases: [Case]

    static let fixture = Result {
      let url = Fixtures.directory.appending(path: "diffusion/samplers.json")
      return try JSONDecoder().decode(Expected.self, from: Data(contentsOf: url))
    }
  }

  @Test(arguments: SamplerMethod.allCases, [Prediction.noise, .velocity])
  func latentsAreThoseOfTheFormulas(_ method: SamplerMethod, _ prediction: Prediction) throws {
    let expected = try Expected.fixture.get()
    let cases = expected.cases.filter { $0.method == method.rawValue }
    #expect(cases.count >= 4)
    for example in cases {
      let spacing = try #require(NoiseGrid.Spacing(rawValue: example.spacing))
      let sampler = Sampler(method, steps: example.steps, spacing: spacing, predicting: prediction)
      expect(sampler.grid.timesteps, approximates: example.timesteps, within: 1e-5)
      let model = GaussianModel(expected, prediction, sampler)
      var done = 0
      let latents = sampler.sample(
        from: expected.start, noise: Self.fresh, network: model.predict, progress: { done = $0 })
      #expect(done == example.steps)
      expect(latents, approximates: example.latents, within: 1e-4)
    }
  }

  /// With many steps every deterministic sampler follows the exact flow from noise to data.
  @Test(arguments: [SamplerMethod.ddim, .euler, .dpmSolver2M])
  func manyStepsReachTheExactFlow(_ method: SamplerMethod) throws {
    let expected = try Expected.fixture.get()
    let sampler = Sampler(method, steps: 500, predicting: .noise)
    let latents = sampler.sample(
      from: expected.start, noise: Self.fresh,
      network: GaussianModel(expected, .noise, sampler).predict)
    let alpha = sampler.schedule.alphasCumulative[Int(sampler.grid.timesteps[0])]
    let variance = alpha * expected.deviation * expected.deviation + 1 - alpha
    let exact = zip(expected.start, expected.mean).map { start, mean in
      mean + expected.deviation * (start - alpha.squareRoot() * mean) / variance.squareRoot()
    }
    expect(latents, approximates: exact, within: 0.02)
  }

  @Test func guidanceIsLinear() {
    #expect(guided([1, 2], awayFrom: [0, 4], scale: 3) == [3, -2])
    #expect(guided([1, 2], awayFrom: [0, 4], scale: 1) == [1, 2])
  }

  /// The timesteps that diffusers used for the reference figures.
  @Test(.enabled(if: ReferenceFigures.arePresent, "the reference figures are not here"))
  func timestepsAreThoseOfDiffusers() throws {
    let schedule = NoiseSchedule()
    for (name, spacing) in [
      ("ddim", NoiseGrid.Spacing.leading), ("euler", .leading), ("dpmpp_2m", .leadingOpen),
    ] {
      let expected = try ReferenceFigures.numbers("\(name)_timesteps")
      #expect(NoiseGrid(steps: 20, spacing: spacing, schedule: schedule).timesteps == expected)
    }
  }

  private static func fresh(_ step: Int) -> [Float] {
    (0..<5).map { Float((7 * step + 3 * $0) % 11 - 5) / 4 }
  }
}

/// The exact prediction for independent normal data.
private struct GaussianModel {
  let expected: SamplerTests.Expected
  let prediction: Prediction
  let sampler: Sampler

  init(_ expected: SamplerTests.Expected, _ prediction: Prediction, _ sampler: Sampler) {
    self.expected = expected
    self.prediction = prediction
    self.sampler = sampler
  }

  func predict(_ latents: [Float], _ timestep: Float) -> [Float] {
    let alpha = alpha(at: timestep)
    let variance = alpha * Double(expected.deviation * expected.deviation) + 1 - alpha
    return zip(latents, expected.mean).map { latent, mean in
      let centred = Double(latent) - alpha.squareRoot() * Double(mean)
      let noise = (1 - alpha).squareRoot() * centred / variance
      guard prediction == .velocity else { return Float(noise) }
      let clean = (Double(latent) - (1 - alpha).squareRoot() * noise) / alpha.squareRoot()
      return Float(alpha.squareRoot() * noise - (1 - alpha).squareRoot() * clean)
    }
  }

  private func alpha(at timestep: Float) -> Double {
    guard sampler.method != .ddim else {
      return Double(sampler.schedule.alphasCumulative[Int(timestep)])
    }
    let step = sampler.grid.timesteps.firstIndex(of: timestep) ?? 0
    return 1 / (1 + sampler.grid.sigmas[step] * sampler.grid.sigmas[step])
  }
}

/// Tensors of the reference figures that lie beside the checkout.
private enum ReferenceFigures {
  static let url = Fixtures.directory.deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "shared/golden/paperdoll/models.safetensors")

  static var arePresent: Bool { FileManager.default.fileExists(atPath: url.path) }

  static func numbers(_ name: String) throws -> [Float] {
    let data = try Data(contentsOf: url)
    let headerCount = data.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
    let json = try JSONSerialization.jsonObject(with: data[8..<8 + headerCount])
    let header = try #require(json as? [String: [String: Any]])
    let offsets = try #require(header[name]?["data_offsets"] as? [Int])
    let bytes = [UInt8](data[8 + headerCount + offsets[0]..<8 + headerCount + offsets[1]])
    return stride(from: 0, to: bytes.count, by: 4).map { at in
      Float(bitPattern: (0..<4).reduce(0) { $0 | UInt32(bytes[at + $1]) << (8 * UInt32($1)) })
    }
  }
}
