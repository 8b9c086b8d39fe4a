import CUDAEmulation
import Compute
import EmulatedDevice
import Tensors
import TestSupport
import Testing

@testable import ComputeCUDA

/// Each switch of the table changes what it says, and not the numbers.
@Suite(.serialized) struct DeviceSwitchesTests {
  private static let expected: [Float] = (1...4).map { Float(2 * 64 * $0) }

  /// Convolves, multiplies and sums ones in work that is repeated.
  private func outcome(_ cuda: CUDABackend) -> [Float] {
    let sums = Tensor(zeros: [1, 1, 1, 8], on: cuda)
    let ones = Tensor([Float](repeating: 1, count: 64), shape: [8, 1, 1, 8], on: cuda)
    let x = Tensor([Float](repeating: 1, count: 8), shape: [1, 1, 1, 8], on: cuda)
    let work = RepeatedWork()
    return (1...4).map { _ in
      cuda.repeating(work) {
        let convolved = x.convolution(ones, stride: 2, padding: Padding(0))
        let product = convolved.linear(ones.reshaped([8, 8]))
        cuda.copy(product.adding(product).adding(sums), into: sums)
      }
      return sums.values()[0]
    }
  }

  private func count(_ body: () throws -> Void) rethrows -> lora_emulation_counts {
    let before = lora_emulation_count()
    try body()
    var after = lora_emulation_count()
    after.graphs -= before.graphs
    return after
  }

  @Test(arguments: DeviceSwitches.Switch.allCases)
  func changesNoNumbers(_ entry: DeviceSwitches.Switch) throws {
    let switches = try DeviceSwitches { $0 == entry.rawValue ? entry.value : nil }
    let cuda = emulatedBackend(withCudnn: true, switches: switches)
    #expect(outcome(cuda) == Self.expected)
    try cuda.check()
  }

  @Test(arguments: DeviceSwitches.Switch.allCases)
  func unsetEmptyAndZeroAreOff(_ entry: DeviceSwitches.Switch) throws {
    for value in [nil, "", "0"] {
      let switches = try DeviceSwitches { $0 == entry.rawValue ? value : nil }
      #expect(!switches.has(entry) && switches.notes.isEmpty)
    }
  }

  @Test(arguments: DeviceSwitches.Switch.allCases)
  func otherValuesAreRefused(_ entry: DeviceSwitches.Switch) {
    let error = #expect(throws: CUDAError.self) {
      try DeviceSwitches { $0 == entry.rawValue ? "yes" : nil }
    }
    let text = "\(entry.rawValue) takes \(entry.value), not yes: "
    #expect(error?.description.hasPrefix(text) == true)
  }

  @Test func graphsAreRecordedUnlessASwitchBarsThem() throws {
    for entry in [nil] + DeviceSwitches.Switch.allCases {
      let switches = try DeviceSwitches { $0 == entry?.rawValue ? entry?.value : nil }
      let cuda = emulatedBackend(switches: switches)
      let (sum, work) = (Tensor(zeros: [4], on: cuda), RepeatedWork())
      let counts = count {
        for _ in 1...4 { cuda.repeating(work) { cuda.add(sum, sum, into: sum) } }
      }
      let isBarred = entry.map { [.noGraph, .synchronous, .times].contains($0) } ?? false
      #expect(counts.graphs == (isBarred ? 0 : 3), "\(String(describing: entry))")
    }
  }

  @Test func ourKernelComputesProductsWithoutTheLibrary() throws {
    let switches = try DeviceSwitches { $0 == "LORA_NO_CUBLASLT" ? "1" : nil }
    // All that the library would be asked for fails.
    lora_emulation_refuse_products(14, 14)
    defer { lora_emulation_refuse_products(0, 0) }
    let cuda = emulatedBackend(withCudnn: true, switches: switches)
    #expect(outcome(cuda) == Self.expected)
    #expect(cuda.takeNotes().isEmpty)
  }

  @Test func attentionIsPlainOnRequest() {
    for width in AttentionKernels.widths {
      let kernels = AttentionKernels(.bfloat16, headWidth: width, isPlain: true)
      #expect(!kernels.usesTensorCores && kernels.width >= width)
      #expect(AttentionKernels(.bfloat16, headWidth: width).usesTensorCores)
    }
  }

  @Test func callsAreTimedByNameAndShape() throws {
    let switches = try DeviceSwitches { $0 == "LORA_CUDA_TIMES" ? "1" : nil }
    let cuda = emulatedBackend(withCudnn: true, switches: switches)
    _ = outcome(cuda)
    let times = try #require(cuda.callTimes)
    for name in ["product 1x8x8 F32,F32 NT", "convolution forward 1x1x1x8", "add F32 on 1×1×1"] {
      let time = try #require(times.first { $0.name.hasPrefix(name) }, "\(times.map(\.name))")
      #expect(time.count >= 4)
    }
    #expect(emulatedBackend().callTimes == nil)
  }

  @Test func aFaultNamesItsCall() throws {
    let switches = try DeviceSwitches { $0 == "LORA_CUDA_SYNC" ? "1" : nil }
    let cuda = emulatedBackend(switches: switches)
    let x = Tensor(zeros: [8], on: cuda)
    // The kernel writes beside its tensor, which the emulation finds when it is waited for.
    cuda.kernels.launch("scale", .float32, threads: 16)(
      x: x, factor: x, y: x, count: 16)
    let error = #expect(throws: CUDAError.self) { try cuda.check() }
    #expect(error?.description.hasPrefix("scale F32 on 1×1×1 blocks failed") == true)
  }
}
