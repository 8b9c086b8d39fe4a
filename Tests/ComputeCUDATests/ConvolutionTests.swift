import CUDAEmulation
import Compute
import ComputeCPU
import EmulatedDevice
import Foundation
import LinearAlgebra
import Tensors
import TestSupport
import Testing

@testable import ComputeCUDA

/// Convolutions against the CPU's, of numbers that the type of activations holds.
@Suite(
  .serialized,
  .enabled(if: Processor.unsupportedReason == nil, "the CPU's backend does not run here"))
struct ConvolutionTests {
  /// A picture [2, height, width, inputs], the kernel's height and width, and how it moves.
  struct Example: CustomTestStringConvertible {
    let (height, width, inputs, outputs): (Int, Int, Int, Int)
    var kernel = (height: 3, width: 3)
    var stride = 1
    var padding = Padding(1)

    init(
      _ height: Int, _ width: Int, _ inputs: Int, _ outputs: Int, kernel: (Int, Int) = (3, 3),
      stride: Int = 1, padding: Padding = Padding(1)
    ) {
      (self.height, self.width, self.inputs, self.outputs) = (height, width, inputs, outputs)
      (self.kernel, self.stride, self.padding) = (kernel, stride, padding)
    }

    var testDescription: String {
      "\(height)×\(width)×\(inputs) to \(outputs) by \(kernel.height)×\(kernel.width), "
        + "stride \(stride), padding \(padding.top) \(padding.left) \(padding.bottom) "
        + "\(padding.right)"
    }
  }

  /// Packs and odd channels, several pieces, stride 2 over odd extents, zeros on some sides only,
  /// pixels that nothing sees, and kernels that are not square.
  static let examples = [
    Example(9, 7, 16, 8), Example(9, 7, 5, 3), Example(7, 5, 16, 24, stride: 2),
    Example(6, 8, 8, 8, stride: 2, padding: Padding(top: 0, left: 0, bottom: 1, right: 1)),
    Example(7, 7, 8, 8, kernel: (1, 1), stride: 2, padding: Padding(0)),
    Example(6, 5, 8, 16, kernel: (1, 1), padding: Padding(0)),
    Example(5, 9, 8, 9, kernel: (1, 3), padding: Padding(top: 0, left: 1, bottom: 0, right: 1)),
    Example(8, 8, 8, 8, kernel: (5, 5), padding: Padding(2)),
    Example(10, 8, 8, 8, stride: 3),
  ]
  static let types: [(type: ElementType, tolerance: Double)] = [
    (.float32, 1e-5), (.bfloat16, 1e-2), (.float16, 2e-3),
  ]

  /// What a test asks of a backend.
  struct Outcome {
    var y: [Float] = []
    var dx: [Float] = []
    var parameters: [Float] = []
  }

  /// Runs forward and backward, with everything that is added to a result, twice a gradient.
  private func outcome(
    _ example: Example, on backend: any Backend, _ rounded: ElementType, withBranch: Bool
  ) -> Outcome {
    func tensor(_ shape: Shape, _ seed: UInt64, scale: Float = 1) -> Tensor {
      let tensor = Tensor(shape: shape, elementType: backend.activationType, on: backend)
      let count = shape.extents.reduce(1, *)
      tensor.write(
        Philox(seed: seed, stream: 1).normals(count: count).map {
          self.rounded(scale * $0, rounded)
        })
      return tensor
    }
    let (kernel, inputs, outputs) = (example.kernel, example.inputs, example.outputs)
    let patch = kernel.height * kernel.width * inputs
    let x = tensor([2, example.height, example.width, inputs], 1)
    let weight = tensor(
      [outputs, kernel.height, kernel.width, inputs], 2, scale: 1 / Float(patch).squareRoot())
    let rank = 3
    let factors = tensor([rank * (patch + outputs)], 3, scale: 0.1)
    let parameters = Tensor(
      factors.values(), shape: factors.shape, on: backend)
    let gradient = Tensor(zeros: factors.shape, on: backend)
    let part = LowRankBranch.Part(
      outputs: 0..<outputs, rank: rank, down: 0, up: rank * patch, scale: 0.5)
    let tape = Tape()
    let branch = LowRankBranch(
      parts: [part], parameters: parameters, factors: factors, gradient: gradient, tape: tape)
    let leaf = tape.watch(x)
    func convolve() -> Tensor {
      leaf.convolution(
        weight, bias: tensor([outputs], 4), sampleBias: tensor([2, outputs], 5),
        adding: tensor(resultShape(example), 6), stride: example.stride,
        padding: example.padding, branch: withBranch ? branch : nil)
    }
    let y = convolve().adding(convolve())
    tape.backward(from: y, gradient: tensor(y.shape, 7))
    return Outcome(
      y: y.values(), dx: leaf.node?.take()?.values() ?? [], parameters: gradient.values())
  }

  private func resultShape(_ example: Example) -> Shape {
    let padding = example.padding
    let height = example.height + padding.top + padding.bottom - example.kernel.height
    let width = example.width + padding.left + padding.right - example.kernel.width
    return [2, height / example.stride + 1, width / example.stride + 1, example.outputs]
  }

  @Test(arguments: examples, types)
  func isTheCPUs(_ example: Example, _ numbers: (type: ElementType, tolerance: Double)) throws {
    // Without a branch the last of columns and cuDNN leaves its result as it is.
    let isPlain = numbers.type == .float32
    for (withBranch, withCudnn) in [(true, false), (true, true)] + (isPlain ? [(false, true)] : [])
    {
      let expected = outcome(
        example, on: CPUBackend(threads: 1), numbers.type, withBranch: withBranch)
      let cuda = emulatedBackend(numbers.type, withCudnn: withCudnn, maxColumnBytes: 1 << 13)
      let actual = outcome(example, on: cuda, numbers.type, withBranch: withBranch)
      try cuda.check()
      #expect(distance(actual.y, expected.y) < numbers.tolerance)
      #expect(distance(actual.dx, expected.dx) < numbers.tolerance)
      if withBranch {
        #expect(distance(actual.parameters, expected.parameters) < numbers.tolerance)
      }
    }
  }

  // MARK: cuDNN's engines

  /// Runs a convolution's forward pass as often as `times`, by the emulated cuDNN.
  ///
  /// - Returns: How many convolutions each of its engines computed.
  private func engines(
    _ example: Example, choices: String? = nil, times: Int = 1
  ) throws -> [UInt64] {
    let cuda = emulatedBackend(withCudnn: true, choices: choices)
    let x = Tensor(
      zeros: [2, example.height, example.width, example.inputs], on: cuda)
    let weight = Tensor(
      zeros: [example.outputs, example.kernel.height, example.kernel.width, example.inputs],
      on: cuda)
    let before = counts()
    for _ in 0..<times {
      _ = x.convolution(weight, stride: example.stride, padding: example.padding)
    }
    try cuda.check()
    cuda.choices.save()
    return zip(counts(), before).map { $0 - $1 }
  }

  private func counts() -> [UInt64] {
    let engines = lora_emulation_count().engines
    return unsafe withUnsafeBytes(of: engines) { unsafe Array($0.bindMemory(to: UInt64.self)) }
  }

  @Test func theFastestEngineOfTheWantedIsTaken() throws {
    // Each is run once, then timed by three runs.
    #expect(
      try engines(Example(9, 7, 16, 8), times: 3) == [0, 0, 0, 0, 0, 4, 4 + 3, 0, 0, 0])
  }

  @Test func theFallbacksEngineIsTakenWhereThereIsNoOther() throws {
    let example = Example(7, 7, 8, 8, kernel: (1, 1), stride: 2, padding: Padding(0))
    #expect(try engines(example) == [0, 0, 0, 0, 0, 0, 0, 0, 0, 4 + 1])
  }

  @Test func gradientsAreComputedByEnginesToo() throws {
    let cuda = emulatedBackend(.bfloat16, withCudnn: true)
    func tensor(_ shape: Shape) -> Tensor {
      let tensor = Tensor(shape: shape, elementType: .bfloat16, on: cuda)
      cuda.fill(tensor, with: 1)
      return tensor
    }
    let before = counts()
    let tape = Tape()
    let y = tape.watch(tensor([1, 4, 4, 8])).convolution(tensor([8, 3, 3, 8]), stride: 2)
    tape.backward(from: y, gradient: tensor(y.shape))
    try cuda.check()
    #expect(zip(counts(), before).map { $0 - $1 } == [0, 0, 0, 0, 0, 8, 10, 0, 0, 0])
  }

  @Test func noEngineIsTakenWhereColumnsAreFaster() throws {
    let example = Example(8, 8, 8, 8, kernel: (5, 5), padding: Padding(2))
    #expect(try engines(example, times: 2) == [0, 0, 0, 0, 0, 4, 4, 0, 0, 0])
  }

  @Test func whatIsRefusedIsNoFault() throws {
    #expect(try engines(Example(10, 8, 8, 8, stride: 3), times: 2).allSatisfy { $0 == 0 })
  }

  @Test func choicesAreKeptFromRunToRun() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appending(path: "choices").path
    let columns = Example(8, 8, 8, 8, kernel: (5, 5), padding: Padding(2))
    for example in [Example(9, 7, 16, 8), columns] { _ = try engines(example, choices: file) }
    #expect(try engines(Example(9, 7, 16, 8), choices: file) == [0, 0, 0, 0, 0, 0, 1, 0, 0, 0])
    #expect(try engines(columns, choices: file).allSatisfy { $0 == 0 })
  }

  @Test func aRecordedConvolutionReadsWhatTensorsHold() throws {
    let cuda = emulatedBackend(withCudnn: true)
    let x = Tensor(zeros: [1, 4, 4, 8], on: cuda)
    let sum = Tensor(zeros: [1, 4, 4, 8], on: cuda)
    // Ones at the kernel's centre, zeros around it.
    let centre = (0..<8 * 9 * 8).map { Float($0 / 8 % 9 == 4 ? 1 : 0) }
    let weight = Tensor(centre, shape: [8, 3, 3, 8], on: cuda)
    let bias = Tensor([Float](repeating: 2, count: 8), shape: [8], on: cuda)
    let work = RepeatedWork()
    for step in 1...4 {
      x.write([Float](repeating: Float(step), count: 128))
      cuda.repeating(work) {
        let y = x.convolution(weight, bias: bias)
        cuda.copy(y.convolution(weight, adding: sum), into: sum)
      }
    }
    try cuda.check()
    // Σ 8·(8·step + 2)
    #expect(sum.values() == [Float](repeating: 8 * (8 * 10 + 4 * 2), count: 128))
  }

  // MARK: Helpers

  /// ‖a − b‖ / ‖b‖.
  private func distance(_ a: [Float], _ b: [Float]) -> Double {
    func norm(_ values: [Double]) -> Double { values.reduce(0) { $0 + $1 * $1 }.squareRoot() }
    guard a.count == b.count else { return .infinity }
    return norm(zip(a, b).map { Double($0) - Double($1) }) / norm(b.map(Double.init))
  }

  private func rounded(_ value: Float, _ type: ElementType) -> Float {
    switch type {
    case .float16: Float(Float16(value))
    case .bfloat16:
      Float(bitPattern: (value.bitPattern + 0x7FFF + (value.bitPattern >> 16 & 1)) & 0xFFFF_0000)
    default: value
    }
  }
}
