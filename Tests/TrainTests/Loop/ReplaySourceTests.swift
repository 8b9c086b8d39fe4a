import Compute
import ComputeCPU
import Diffusion
import Foundation
import Safetensors
import Tensors
import TestSupport
import Testing

@testable import Train

/// What a `--replay` may hold.
@Suite(.enabled(if: TinyRun.canRun, "this processor lacks what the program needs"))
struct ReplaySourceTests {
  static let right: [String: Shape] = [
    "latents": [2, 1, 4, 8, 8], "noise": [2, 1, 4, 8, 8], "timesteps": [2, 1],
    "context": [2, 1, 77, 8],
  ]

  @Test func rightShapesAreBatches() throws {
    let source = try source(Self.right)
    #expect(source.batchesPerEpoch == 2)
    let batch = try source.batch(
      BatchNumber(seed: 0, total: 1, index: 1, step: 1), adapters: nil)
    #expect(batch.shape == LatentShape(count: 1, height: 8, width: 8))
    #expect(batch.context.shape == [1, 77, 8])
    #expect(batch.draws?.timesteps == [0])
  }

  /// A tensor, a shape that it must not have, and what is asked for.
  static let wrong: [(name: String, shape: Shape, wanted: String)] = [
    ("latents", [2, 0, 4, 8, 8], "[n, n, 4, n, n]"), ("latents", [], "[n, n, 4, n, n]"),
    ("latents", [0, 1, 4, 8, 8], "[n, n, 4, n, n]"),
    ("latents", [2, 1, 3, 8, 8], "[n, n, 4, n, n]"),
    ("latents", [2, 1, 4, 0, 1 << 62], "[n, n, 4, n, n]"),
    ("noise", [2, 1, 4, 8, 9], "[2, 1, 4, 8, 8]"), ("noise", [1, 1, 4, 8, 8], "[2, 1, 4, 8, 8]"),
    ("timesteps", [2, 2], "[2, 1]"), ("timesteps", [2], "[2, 1]"),
    ("context", [2, 1, 77, 7], "[2, 1, n, 8]"), ("context", [2, 1, 0, 8], "[2, 1, n, 8]"),
    ("context", [2, 1, 77], "[2, 1, n, 8]"),
  ]

  @Test(arguments: wrong)
  func otherShapesAreRefused(_ example: (name: String, shape: Shape, wanted: String)) {
    var shapes = Self.right
    shapes[example.name] = example.shape
    let error = #expect(throws: TrainingError.self) { try source(shapes) }
    let sentence =
      "'\(example.name)' is \(example.shape), not \(example.wanted) as its latents and the model ask"
    #expect(error.map { "\($0)".contains(sentence) } == true, "\(String(describing: error))")
  }

  @Test(
    arguments: [
      ("timesteps", 1000, "a timestep lies outside 0 to 999"),
      ("timesteps", -1, "a timestep lies outside 0 to 999"),
      ("timesteps", .nan, "'timesteps' holds NaN or infinity"),
      ("context", .infinity, "'context' holds NaN or infinity"),
    ] as [(String, Float, String)])
  func numbersThatCannotBe(_ name: String, _ value: Float, _ sentence: String) {
    let error = #expect(throws: TrainingError.self) { try source(Self.right, value, in: name) }
    #expect(error.map { "\($0)".contains(sentence) } == true, "\(String(describing: error))")
  }

  /// Reads a file of zeros, but for the numbers of one tensor.
  private func source(
    _ shapes: [String: Shape], _ value: Float = 0, in name: String = ""
  ) throws -> ReplaySource {
    let layout = Layout(
      shapes.map { Layout.Tensor(name: $0.key, type: .float32, shape: $0.value) })
    var bytes = layout.header(metadata: Metadata())
    let start = bytes.count
    bytes += [UInt8](repeating: 0, count: layout.dataByteCount)
    if let count = shapes[name]?.elementCount {
      let numbers = encoded([Double](repeating: Double(value), count: count), as: .float32)
      let offset = start + layout.offset(of: name)
      bytes.replaceSubrange(offset..<offset + numbers.count, with: numbers)
    }
    let folder = try TemporaryFolder()
    let path = try folder.write(bytes, to: "replay.safetensors")
    let cpu = CPUBackend(threads: 1)
    let unet = try PretrainedModel(path: TinyRun.model).unet(on: cpu)
    return try ReplaySource(path: path, for: unet.configuration, on: cpu)
  }
}
