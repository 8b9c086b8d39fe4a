import CUDAEmulation
import ComputeCUDA
import EmulatedDevice
import Images
import Tensors
import TestSupport
import Testing

@testable import Train

/// Whole runs on a device that is emulated, beside the same on the CPU: what is recorded and
/// repeated, what is sent before a step and read after it, and the types of activations.
@Suite(.enabled(if: TinyRun.canRun, "the CPU's backend does not run here"))
struct EmulatedDeviceTests {
  private func device(_ type: ElementType) -> ComputeDevice {
    let backend = emulatedBackend(type)
    return ComputeDevice(
      backend, exact: type == .float32 ? backend : CUDABackend(backend, activationType: .float32))
  }

  /// - Returns: Largest relative difference of a loss, and the cosine of the changes of the weights.
  private func agreement(
    steps: Int, _ type: ElementType, _ more: [String]
  ) throws -> (loss: Double, cosine: Double) {
    let run = try TinyRun()
    let arguments = ["--learning-rate", "0.01", "--max-grad-norm", "1"] + more
    let cpu = try run.trained(steps: steps, arguments)
    let cuda = try run.trained(steps: steps, arguments, on: device(type))
    let loss = zip(cpu.losses, cuda.losses).map { abs($0 - $1) / $0 }.max() ?? .nan
    let changes = [cpu, cuda].map { run in
      zip(run.after, run.before).map { Double($0) - Double($1) }
    }
    func product(_ a: [Double], _ b: [Double]) -> Double {
      zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
    }
    let cosine =
      product(changes[0], changes[1])
      / (product(changes[0], changes[0]) * product(changes[1], changes[1])).squareRoot()
    return (loss, cosine)
  }

  static let runs: [[String]] = [
    ["--network-train-unet-only"],
    ["--network-train-unet-only", "--gradient-checkpointing", "--optimizer-type", "Lion"],
    ["--network-train-unet-only", "--gradient-accumulation-steps", "2", "--noise-offset", "0.1"],
    ["--network-args", "conv_dim=2", "--min-snr-gamma", "5", "--loss-type", "huber"],
  ]

  @Test("float32 follows the CPU", arguments: runs)
  func float32(_ more: [String]) throws {
    let (loss, cosine) = try agreement(steps: 4, .float32, more)
    #expect(loss < 1e-4)
    #expect(cosine > 0.9999)
  }

  @Test func pairsFollowTheCPU() throws {
    let run = try TinyRun()
    let pairs = (
      DirectRecipe(stillness: 2, stillCount: 1), [try run.picture("after.png", changed: 300)]
    )
    let more = ["--learning-rate", "0.01", "--network-train-unet-only"]
    let cpu = try run.trained(steps: 4, more, pairs: pairs)
    let cuda = try run.trained(steps: 4, more, pairs: pairs, on: device(.float32))
    for (a, b) in zip(cpu.losses, cuda.losses) { #expect(abs(a - b) < 1e-4 * a) }
    for (a, b) in zip(cpu.after, cuda.after) { #expect(abs(a - b) < 2e-3) }
  }

  @Test(
    "short types follow it within their roundings", arguments: [ElementType.bfloat16, .float16])
  func short(_ type: ElementType) throws {
    let (loss, cosine) = try agreement(steps: 4, type, ["--network-train-unet-only"])
    #expect(loss < 0.02)
    #expect(cosine > 0.98)
  }

  /// From the third step on nothing is launched from the host but one graph; of two batches in a
  /// step each is one, and the update is one.
  @Test(arguments: [1, 2])
  func stepsAreRepeatedAsGraphs(_ accumulation: Int) throws {
    let run = try TinyRun()
    let job = try run.job(
      steps: 6,
      [
        "--network-train-unet-only", "--network-dropout", "0.1",
        "--gradient-accumulation-steps", "\(accumulation)",
      ], on: device(.bfloat16))
    let loop = try TrainingLoop(job)
    for _ in 0..<2 { _ = try loop.step() }
    for _ in 0..<3 {
      let before = lora_emulation_count()
      _ = try loop.step()
      let after = lora_emulation_count()
      #expect(after.graphs - before.graphs == (accumulation == 1 ? 1 : 3))
      #expect(after.replayed - before.replayed > 100)
      // What is sent is converted, and little else.
      #expect(after.launches - before.launches < 20)
    }
  }

  @Test func picturesAreDrawn() throws {
    let run = try TinyRun()
    let pictures = try [ComputeDevice(threads: 1), device(.float32)].map { device in
      let maker = try PictureMaker(run.job(steps: 1, on: device))
      var prompt = SamplePrompt(PixelSize(width: 16, height: 16))
      prompt.prompt = "a girl"
      prompt.scale = 3
      return try maker.picture(of: prompt, seed: 3, adapters: nil)
    }
    let differences = zip(pictures[0].bytes, pictures[1].bytes).map { abs(Int($0) - Int($1)) }
    #expect(differences.max() ?? 255 <= 1)
  }

  @Test func aFaultStopsTheRunWithASentence() throws {
    let run = try TinyRun()
    let job = try run.job(steps: 3, ["--network-train-unet-only"], on: device(.bfloat16))
    let loop = try TrainingLoop(job)
    lora_emulation_limit_memory(1 << 12)
    defer { lora_emulation_limit_memory(.max) }
    #expect(throws: CUDAError.self) { try loop.step() }
    // It stays one.
    #expect(throws: CUDAError.self) { try loop.step() }
  }
}
