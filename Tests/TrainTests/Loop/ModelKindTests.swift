import ArgumentParser
import Compute
import Diffusion
import Foundation
import Tensors
import TestSupport
import Testing

@testable import Train

/// Training from pictures on every kind of model.
@Suite(.enabled(if: TinyRun.canRun, "this processor lacks what the program needs"))
struct ModelKindTests {
  private func job(
    _ run: TinyRun, _ model: String, steps: Int, _ more: [String]
  ) throws -> TrainingJob {
    var arguments = try run.arguments(steps: steps, more)
    arguments[1] = model
    return try TrainingJob(
      TrainingOptions.parse(arguments), device: ComputeDevice(threads: 1), environment: { _ in nil }
    )
  }

  private func losses(_ job: TrainingJob, _ loop: TrainingLoop) throws -> [Double] {
    try (0..<job.plan.steps).map { _ in try loop.step().loss }
  }

  @Test func sdxlIsTrainedFromPictures() throws {
    let run = try TinyRun()
    let job = try job(
      run, TinyRun.modelXL, steps: 40, ["--vae", TinyRun.model, "--learning-rate", "0.01"])
    #expect(job.kind == .sdxl)
    let batch = try job.source.batch(
      BatchNumber(seed: UInt64(job.plan.seed), total: 0), adapters: nil)
    #expect(batch.timeIDs?.values() == [16, 16, 0, 0, 16, 16])
    #expect(batch.context.shape == [1, 77, 16])
    #expect(batch.pooled?.shape == [1, 8])
    let loop = try TrainingLoop(job)
    let losses = try losses(job, loop)
    #expect(losses.suffix(15).reduce(0, +) < losses.prefix(15).reduce(0, +))
    let weights = loop.weights
    for module in job.modules.modules {
      // The first encoder's last layer is not looked at.
      let isUnused = module.name.hasPrefix("lora_te1_text_model_encoder_layers_1")
      let up = weights[module.up..<module.up + module.upCount]
      #expect(up.contains { $0 != 0 } != isUnused, "\(module.name)")
    }
    #expect(job.modules.modules.contains { $0.name.hasPrefix("lora_unet_input_blocks_1_1") })
  }

  /// The loss as a function of one weight has the slope that its gradient says, also in the last
  /// layer of SDXL's second encoder, which is looked at through the pooled text alone.
  @Test func gradientReachesThePooledText() throws {
    let run = try TinyRun()
    let options = [
      "--vae", TinyRun.model, "--optimizer-type", "SGDNesterov", "--optimizer-args=momentum=0",
      "--max-grad-norm", "0",
    ]
    let first = try job(run, TinyRun.modelXL, steps: 1, options + ["--learning-rate", "0"])
    let module = try #require(
      first.modules.modules.first {
        $0.name == "lora_te2_text_model_encoder_layers_1_mlp_fc2"
      })
    let start = first.modules.initialValues(seed: 3).enumerated().map {
      $1 * 0.3 + 0.05 * sinf(Float($0))
    }
    func step(_ values: [Float], rate: String) throws -> (loss: Double, after: [Float]) {
      let file = run.folder["weights.st"]
      let adapter = TrainedAdapter(modules: first.modules, values: values)
      _ = try SavedAdapter(writing: adapter.plan, to: file, as: .float32, metadata: [])
      let job = try job(
        run, TinyRun.modelXL, steps: 1,
        options + ["--learning-rate", rate, "--network-weights", file])
      let loop = try TrainingLoop(job)
      return (try loop.step().loss, loop.weights)
    }
    let after = try step(start, rate: "100").after
    for offset in [module.up, module.up + 5, module.up + 9] {
      let gradient = (Double(start[offset]) - Double(after[offset])) / 100
      let losses = try [-0.05, 0.05].map { (change: Float) -> Double in
        var moved = start
        moved[offset] += change
        return try step(moved, rate: "0").loss
      }
      let slope = (losses[1] - losses[0]) / 0.1
      #expect(abs(gradient - slope) < 0.03 * abs(slope) + 1e-6, "\(gradient), not \(slope)")
      #expect(abs(gradient) > 1e-5)
    }
  }

  @Test func sd2IsTrainedOnVelocity() throws {
    let run = try TinyRun()
    let model = run.folder["sd2"]
    try FileManager.default.copyItem(atPath: TinyRun.model, toPath: model)
    let unet = String(decoding: try run.folder.bytes("sd2/unet/config.json"), as: UTF8.self)
    let linear = unet.replacing(
      "\"use_linear_projection\": false", with: "\"use_linear_projection\": true")
    #expect(linear != unet)
    try run.folder.write(linear.utf8, to: "sd2/unet/config.json")
    try FileManager.default.createDirectory(
      atPath: model + "/scheduler", withIntermediateDirectories: true)
    try run.folder.write(
      #"{"prediction_type": "v_prediction"}"#.utf8, to: "sd2/scheduler/scheduler_config.json")
    let job = try job(run, model, steps: 40, ["--learning-rate", "0.01", "--v2"])
    #expect(job.kind == .sd2)
    #expect(job.plan.loss.prediction == .velocity)
    let losses = try losses(job, TrainingLoop(job))
    #expect(losses.suffix(15).reduce(0, +) < losses.prefix(15).reduce(0, +))
  }

  /// A folder of a VAE alone is as good as the model that it is part of.
  @Test(arguments: ["", "/vae"])
  func vaeMayLieAlone(_ place: String) throws {
    let run = try TinyRun()
    let alone = try TrainingLoop(run.job(steps: 1, ["--vae", TinyRun.model + place]))
    let within = try TrainingLoop(run.job(steps: 1))
    #expect(try alone.step().loss == within.step().loss)
  }

  /// A file has no configuration beside it: its norms have 32 groups, as those of real VAEs.
  @Test func vaeThatNeedsAConfigurationIsRefusedWithoutOne() throws {
    let file = TinyRun.model + "/vae/diffusion_pytorch_model.safetensors"
    let error = #expect(throws: DiffusionError.self) {
      try TinyRun().job(steps: 1, ["--vae", file])
    }
    #expect(error?.reason == .badConfiguration("8 channels in 32 groups"))
  }

  /// Captions of two and three chunks: the encoder's gradient is that of what the U-Net sees.
  @Test(arguments: [150, 225])
  func textEncodersAreTrainedOnLongCaptions(_ tokens: Int) throws {
    let run = try TinyRun()
    let words = (0..<120).map { "\($0 % 10)" }.joined(separator: " ")
    let folder = run.folder["set/5_x"]
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try run.picture("set/5_x/a.png")
    try run.folder.write(words.utf8, to: "set/5_x/a.txt")
    var arguments = try run.arguments(
      steps: 3, ["--max-token-length", "\(tokens)", "--learning-rate", "0.01"])
    let place = try #require(arguments.firstIndex(of: "--image"))
    arguments.replaceSubrange(place...place + 1, with: ["--data", run.folder["set"]])
    let job = try TrainingJob(
      TrainingOptions.parse(arguments), device: ComputeDevice(threads: 1), environment: { _ in nil }
    )
    let loop = try TrainingLoop(job)
    let text = try #require(job.text)
    let untrained = try text.state(of: [words, ""], adapters: loop.currentAdapters).context
    #expect(untrained.shape == [2, tokens + 2, 8])
    // Both ways of encoding give the same.
    expect(
      untrained.values(), approximates: try text.state(of: [words, ""]).context.values(),
      within: 1e-6)
    for _ in 0..<3 { _ = try loop.step() }
    let trained = try text.state(of: [words, ""], adapters: loop.currentAdapters).context
    #expect(trained.values() != untrained.values())
  }
}
