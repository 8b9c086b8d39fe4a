import Compute
import ComputeCPU
import EmulatedDevice
import LinearAlgebra
import Tensors

/// A device that operations are tested on.
enum TestBackend: String, CaseIterable, Sendable {
  /// One thread: everything in order.
  case cpu

  /// Three threads, which cut the work at odd places.
  case cpuThreads = "cpu, 3 threads"

  /// The kernels' own text and the host's side of them, on a device that is emulated.
  case cuda = "cuda, emulated"

  /// The same, with cuDNN.
  case cudnn = "cuda with cuDNN, emulated"

  var backend: any Backend {
    switch self {
    case .cpu: CPUBackend(threads: 1)
    case .cpuThreads: CPUBackend(threads: 3, grain: 0)
    case .cuda: emulatedBackend()
    case .cudnn: emulatedBackend(withCudnn: true)
    }
  }
}

/// The devices of this machine; each test of Compute runs on all of them.
enum TestBackends {
  static let available: [TestBackend] =
    Processor.unsupportedReason == nil ? [.cpu, .cpuThreads, .cuda] : []

  /// Those that convolutions are tested on.
  static let convolving = available.isEmpty ? [] : available + [.cudnn]
}

/// Numbers between −1 and 1, the same on every run.
func random(_ shape: Shape, seed: UInt64) -> [Float] {
  var generator = Philox(seed: seed, stream: 7)
  return (0..<(shape.elementCount ?? 0)).map { _ in Float.random(in: -1...1, using: &generator) }
}

extension Tensor {
  /// Random numbers between −1 and 1.
  static func random(_ shape: Shape, seed: UInt64, on backend: any Backend) -> Tensor {
    Tensor(ComputeTests.random(shape, seed: seed), shape: shape, on: backend)
  }
}
