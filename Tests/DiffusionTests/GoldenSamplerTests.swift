import Compute
import ComputeCPU
import Diffusion
import Foundation
import Safetensors
import Tensors
import TestSupport
import Testing

/// Twenty steps with guidance through a trained network, against diffusers' own.
@Suite(.enabled(if: GoldenRun.isPresent, "the reference figures are not beside the repository"))
struct GoldenSamplerTests {
  struct Example: CustomTestStringConvertible {
    let name: String
    let method: SamplerMethod

    /// Where diffusers' timesteps lie with this model's configuration.
    let spacing: NoiseGrid.Spacing

    var testDescription: String { name }
  }

  static let examples = [
    Example(name: "ddim", method: .ddim, spacing: .leading),
    Example(name: "euler", method: .euler, spacing: .leading),
    Example(name: "dpmpp_2m", method: .dpmSolver2M, spacing: .leadingOpen),
  ]

  @Test(arguments: examples) func latentsAndPicture(_ example: Example) throws {
    let backend = CPUBackend(threads: 2)
    let model = try GoldenRun.all[0].pretrained()
    let (unet, vae) = (try model.unet(on: backend), try model.vae(on: backend))
    let file = try GoldenRun.all[0].open("models")
    let contexts = try file.floats(named: "hidden_states")
    let start = try file.picture("start", on: backend)
    func predict(_ latents: [Float], _ timestep: Float, _ row: Int) -> [Float] {
      let count = contexts.count / 2
      return unet.prediction(
        of: UNetInputs(
          latents: Tensor(latents, shape: start.shape, on: backend),
          timesteps: Tensor([timestep], shape: [1], on: backend),
          context: Tensor(
            Array(contexts[row * count..<(row + 1) * count]), shape: [1, 77, 64], on: backend))
      ).values()
    }
    let sampler = Sampler(
      example.method, steps: 20, spacing: example.spacing, predicting: .noise)
    let latents = sampler.sample(
      from: start.values(), noise: { _ in [] },
      network: {
        guided(predict($0, $1, 0), awayFrom: predict($0, $1, 1), scale: 3)
      })
    let expected = try file.picture("\(example.name)_latents", on: backend)
    expect(latents, approximates: expected.values(), within: 1e-2)
    let picture = vae.decode(Tensor(latents, shape: start.shape, on: backend))
    expect(
      picture.values(),
      approximates: try file.picture("\(example.name)_image", on: backend).values(), within: 1e-2)
  }
}
