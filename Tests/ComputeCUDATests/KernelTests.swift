import CUDAEmulation
import Compute
import ComputeCPU
import EmulatedDevice
import LinearAlgebra
import Tensors
import TestSupport
import Testing

@testable import ComputeCUDA

/// Kernels about flat tensors against the CPU's backend, over counts that the block of 256 threads,
/// the pack and the piece of 4096 do not divide.
@Suite(.enabled(if: Processor.unsupportedReason == nil, "the CPU's backend does not run here"))
struct KernelTests {
  static let counts = [1, 31, 256, 4095, 4097, 9000]
  static let types: [ElementType] = [.float32, .bfloat16, .float16]
  let cpu = CPUBackend(threads: 1)
  let cuda = emulatedBackend()

  private func random(_ count: Int, seed: UInt64) -> [Float] {
    Philox(seed: seed, stream: 1).normals(count: count)
  }

  @Test(arguments: counts)
  func adamW(_ count: Int) {
    let shape: Shape = [count]
    let numbers = (1...3).map { random(count, seed: $0) }
    func state(_ backend: any Backend) -> AdamState {
      AdamState(
        parameters: Tensor(numbers[0], shape: shape, on: backend),
        gradient: Tensor(zeros: shape, on: backend),
        first: Tensor(numbers[1], shape: shape, on: backend),
        second: Tensor(numbers[2].map(abs), shape: shape, on: backend))
    }
    let states = [state(cpu), state(cuda)]
    for step in 1...3 {
      let rates = AdamRates(
        learningRate: 1e-2, weightDecay: 0.1, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, step: step)
      for state in states {
        state.gradient.write(random(count, seed: UInt64(10 + step)))
        let backend = state.parameters.backend
        backend.adamW(state, rates: Tensor(rates.values, shape: [AdamRates.count], on: backend))
      }
    }
    for part in [\AdamState.parameters, \.first, \.second] {
      expect(
        states[1][keyPath: part].values(), approximates: states[0][keyPath: part].values(),
        within: 1e-6)
    }
  }

  @Test(arguments: counts)
  func normAndClip(_ count: Int) {
    let gradient = random(count, seed: 4)
    let tensors = [cpu as any Backend, cuda].map { Tensor(gradient, shape: [count], on: $0) }
    let norms = tensors.map { $0.backend.norm(of: $0) }
    expect(norms[1].values(), approximates: norms[0].values(), within: 1e-6)
    for share in [1000, 0.5] as [Float] {
      let limit = share * norms[0].values()[0]
      for (tensor, norm) in zip(tensors, norms) {
        tensor.backend.clip(tensor, norm: norm, to: limit)
      }
      expect(tensors[1].values(), approximates: tensors[0].values(), within: 1e-6)
    }
  }

  @Test func zerosStayAndNaNShows() {
    #expect(cuda.norm(of: Tensor(zeros: [5000], on: cuda)).values() == [0])
    let gradient = Tensor([1, .nan, 2], shape: [3], on: cuda)
    let norm = cuda.norm(of: gradient)
    #expect(norm.values()[0].isNaN)
    cuda.clip(gradient, norm: norm, to: 1)
    #expect(gradient.values().allSatisfy { $0.isNaN })
  }

  /// What is sent comes back as the nearest number of the type, of any count.
  @Test(arguments: types, counts)
  func roundings(_ type: ElementType, _ count: Int) {
    let numbers = random(count, seed: 5)
    let tensor = Tensor(shape: [count], elementType: type, on: cuda)
    tensor.write(numbers)
    #expect(tensor.values() == numbers.map { rounded($0, type) })
    cuda.fill(tensor, with: 1.0 / 3)
    #expect(tensor.values() == [Float](repeating: rounded(1.0 / 3, type), count: count))
  }

  @Test(arguments: types, counts)
  func sumsAndScales(_ type: ElementType, _ count: Int) {
    func tensor(_ values: [Float]) -> Tensor {
      let tensor = Tensor(shape: [count], elementType: type, on: cuda)
      tensor.write(values)
      return tensor
    }
    let (x, y) = (random(count, seed: 6), random(count, seed: 7))
    let (a, b) = (x.map { rounded($0, type) }, y.map { rounded($0, type) })
    let result = tensor(x)
    cuda.add(result, tensor(y), into: result)
    #expect(result.values() == zip(a, b).map { rounded($0 + $1, type) })
    cuda.scale(tensor(x), by: Tensor([3], shape: [1], on: cuda), into: result)
    #expect(result.values() == a.map { rounded($0 * 3, type) })
  }

  private func rounded(_ value: Float, _ type: ElementType) -> Float {
    switch type {
    case .float16: Float(Float16(value))
    case .bfloat16:
      Float(bitPattern: (value.bitPattern + 0x7FFF + (value.bitPattern >> 16 & 1)) & 0xFFFF_0000)
    default: value
    }
  }

  @Test func threadsThatDoNotMeetAreNoticed() {
    #expect(lora_emulate_parting_threads() == 1)
  }
}
