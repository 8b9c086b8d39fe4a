import ArgumentParser
import Compute
import ComputeCPU
import Diffusion
import Foundation
import Names
import Tensors
import TestSupport
import Testing

@testable import Train

@Suite(.enabled(if: TinyRun.canRun, "this processor lacks what the program needs"))
struct TrainingLoopTests {
  /// Plain descent by Nesterov's rule moves a weight by 1.9 times its gradient in the first step;
  /// every other rule's first step follows from the gradient in closed form.
  @Test(arguments: ["AdamW", "AdamW8bit", "Lion", "Prodigy"])
  func firstStepFollowsFromTheGradient(_ type: String) throws {
    let run = try TinyRun()
    let common = ["--max-grad-norm", "0", "--network-train-unet-only"]
    let descent = try run.trained(
      steps: 1, common + ["--optimizer-type", "SGDNesterov", "--learning-rate", "1"])
    let gradient = zip(descent.before, descent.after).map { (Double($0) - Double($1)) / 1.9 }
    let rate = type == "Prodigy" ? "1" : "0.001"
    let other = try run.trained(
      steps: 1, common + ["--optimizer-type", type, "--learning-rate", rate])
    #expect(other.before == descent.before)
    #expect(gradient.contains { $0 != 0 })
    // U alone: it begins at 0, where decay and rounding take nothing.
    for module in other.job.modules.modules {
      for place in module.up..<module.up + module.upCount where abs(gradient[place]) > 1e-6 {
        let expected = Self.firstStep(of: type, gradient[place])
        #expect(abs(Double(other.after[place]) - expected) < 2e-3 * abs(expected))
      }
    }
  }

  private static func firstStep(of type: String, _ gradient: Double) -> Double {
    let sign = gradient < 0 ? -1.0 : 1
    return switch type {
    case "Lion": -0.001 * sign
    case "AdamW", "AdamW8bit": -0.001 * gradient / (abs(gradient) + 1e-8)
    // d₀ = 1e-6; m and √v are not yet corrected: 0.1 and √0.001 of the gradient.
    case "Prodigy": -1e-6 * 0.1 * gradient / (0.001.squareRoot() * abs(gradient) + 1e-8)
    default: .nan
    }
  }

  @Test(arguments: OptimizerType.allCases)
  func everyRuleLowersTheLoss(_ type: OptimizerType) throws {
    let rates = ["Prodigy": "1", "SGDNesterov": "0.05"]
    let name = type.rawValue
    var more = ["--optimizer-type", name, "--learning-rate", rates[name] ?? "0.003"]
    if type.rule == Adafactor.self {
      more += ["--optimizer-args=relative_step=False", "--optimizer-args=scale_parameter=False"]
    }
    let losses = try TinyRun().trained(steps: 40, more).losses
    #expect(losses.allSatisfy { $0.isFinite })
    #expect(losses.suffix(15).reduce(0, +) < losses.prefix(15).reduce(0, +))
  }

  /// Two batches of one, accumulated, are a batch of two: the same pictures, noise and timesteps.
  @Test func accumulationIsALargerBatch() throws {
    let run = try TinyRun()
    let tensors: [(String, [Int])] = [("latents", [4, 8, 8]), ("noise", [4, 8, 8])]
    func file(_ name: String, leading: [Int]) throws -> String {
      var parts: [(name: String, shape: [Int], values: [Float])] = tensors.map { name, shape in
        let count = 4 * shape.reduce(1, *)
        let seed = name == "noise" ? 0.7 : 0.3
        return (name, leading + shape, (0..<count).map { sinf(Float($0) * Float(seed)) })
      }
      parts.append(("timesteps", leading, [100, 800, 400, 20]))
      parts.append(("context", leading + [77, 8], (0..<4 * 77 * 8).map { cosf(Float($0)) }))
      return try run.folder.write(safetensors(parts), to: name)
    }
    let joined = try run.trained(
      steps: 2, ["--replay", file("2.st", leading: [2, 2]), "--learning-rate", "0.001"])
    let split = try run.trained(
      steps: 2,
      [
        "--replay", file("1.st", leading: [4, 1]), "--learning-rate", "0.001",
        "--gradient-accumulation-steps", "2",
      ])
    expect(split.losses, approximates: joined.losses, within: 1e-5)
    expect(split.after, approximates: joined.after, within: 1e-4)
    #expect(joined.after != joined.before)
  }

  @Test("text encoders are trained and saved unless the U-Net alone is asked for")
  func textEncoders() throws {
    let run = try TinyRun()
    let both = try run.trained(steps: 1, ["--learning-rate", "0.001"])
    let text = both.job.modules.modules.filter { $0.layer.name.target.network != .denoiser }
    #expect(text.count == 6)
    for module in text {
      #expect(both.after[module.up..<module.up + module.upCount].contains { $0 != 0 })
    }
    let outcome = try TrainingSession(run.job(steps: 1), quiet: true).run()
    #expect(outcome.isFinished && outcome.exitStatus == nil)
    let saved = String(decoding: try run.folder.bytes("a.st"), as: UTF8.self)
    #expect(saved.contains("lora_te_text_model_encoder_layers_0_mlp_fc1.lora_up.weight"))
    let alone = try run.job(steps: 1, ["--network-train-unet-only"])
    #expect(alone.modules.modules.allSatisfy { $0.layer.name.target.network == .denoiser })
  }

  @Test("what a mask hides has no loss", arguments: [UInt8(0), 255])
  func mask(_ alpha: UInt8) throws {
    let run = try TinyRun()
    let picture = try run.picture("masked.png", alpha: alpha)
    var options = try TrainingOptions.parse(
      run.arguments(steps: 1, ["--alpha-mask", "--masked-loss"]))
    options.run.image = [picture]
    let job = try TrainingJob(
      options, device: ComputeDevice(threads: 1),
      environment: { _ in nil })
    let loss = try TrainingLoop(job).step().loss
    #expect(alpha == 0 ? loss == 0 : loss > 0)
  }

  @Test("base weights are in the model before anything is trained")
  func baseWeights() throws {
    let run = try TinyRun()
    let trained = try run.trained(steps: 3, ["--learning-rate", "0.01"])
    let file = run.folder["base.st"]
    let adapter = TrainedAdapter(modules: trained.job.modules, values: trained.after)
    _ = try SavedAdapter(writing: adapter.plan, to: file, as: .float32, metadata: [])
    let doubled = try run.job(
      steps: 1, ["--base-weights", file, "--base-weights-multiplier", "0.5"])
    let plain = try run.job(steps: 1)
    let half = AdaptedModules.joined(
      [(trained.job.modules, trained.after, 0.5)], for: trained.job.modules.modules.map(\.layer))
    let adapters = DeviceAdapters(half.modules, values: half.values, on: plain.backend)
    func prediction(_ job: TrainingJob, _ adapters: DeviceAdapters?) throws -> [Float] {
      let latents = (0..<4 * 64).map { sinf(Float($0)) }
      let text = try #require(job.text)
      return job.unet.prediction(
        of: UNetInputs(
          latents: Tensor(latents, shape: [1, 8, 8, 4], on: job.backend),
          timesteps: Tensor([300], shape: [1], on: job.backend),
          context: try text.state(of: ["a girl"], adapters: adapters).context),
        adapters: adapters
      ).values()
    }
    let expected = try prediction(plain, adapters)
    expect(try prediction(doubled, nil), approximates: expected, within: 1e-4)
    let unchanged = try prediction(plain, nil)
    #expect(unchanged != expected)
  }
}

/// A safetensors file of 32-bit numbers.
private func safetensors(_ tensors: [(name: String, shape: [Int], values: [Float])]) throws
  -> [UInt8]
{
  var header: [String: Any] = [:]
  var data: [UInt8] = []
  for tensor in tensors {
    let bytes = tensor.values.flatMap { value in
      (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * UInt32($0))) }
    }
    header[tensor.name] = [
      "dtype": "F32", "shape": tensor.shape,
      "data_offsets": [data.count, data.count + bytes.count],
    ]
    data += bytes
  }
  let json = try JSONSerialization.data(withJSONObject: header)
  return (0..<8).map { UInt8(truncatingIfNeeded: json.count >> (8 * $0)) } + json + data
}
