import Compute
import ComputeCPU
import EmulatedDevice
import Tensors
import TestSupport
import Testing

@testable import ComputeCUDA

/// Types of activations, and how far results may be from the CPU's on the same rounded inputs.
struct Precision: CustomTestStringConvertible, Sendable {
  let type: ElementType
  let tolerance: Double

  static let all = [
    Precision(type: .float32, tolerance: 2e-5), Precision(type: .bfloat16, tolerance: 1e-2),
    Precision(type: .float16, tolerance: 2e-3),
  ]

  var testDescription: String { type.rawValue }

  /// Tensors of the same numbers on the CPU and on the emulated device.
  func tensors(
    _ shape: Shape, seed: UInt64, spread: Float = 1, mean: Float = 0
  ) -> (cpu: Tensor, cuda: Tensor) {
    let cuda = Tensor(shape: shape, elementType: type, on: emulatedBackend(type))
    cuda.write(Philox(seed: seed, stream: 3).normals(count: cuda.count).map { mean + spread * $0 })
    return (Tensor(cuda.values(), shape: shape, on: CPUBackend(threads: 1)), cuda)
  }

  /// What is wrong with a, which should be b: nothing where ‖a − b‖ ≤ tolerance·‖b‖, and no element
  /// is farther off than four tolerances of the largest.
  ///
  /// The norm alone would not see one wrong element among ten thousand.
  func complaint(about a: [Float], _ b: [Float]) -> String? {
    guard a.count == b.count else { return "\(a.count) numbers, not \(b.count)" }
    let differences = zip(a, b).map { Double($0) - Double($1) }
    func norm(_ numbers: [Double]) -> Double { numbers.reduce(0) { $0 + $1 * $1 }.squareRoot() }
    let sizes = b.map(Double.init)
    let (distance, size) = (norm(differences), norm(sizes))
    guard distance <= tolerance * size else { return "‖a − b‖ = \(distance), ‖b‖ = \(size)" }
    let farthest = differences.indices.max { abs(differences[$0]) < abs(differences[$1]) }
    let limit = 4 * tolerance * (sizes.map(abs).max() ?? 0)
    guard let farthest, abs(differences[farthest]) > limit else { return nil }
    return "element \(farthest) is \(a[farthest]), not \(b[farthest])"
  }

  func expectAgreement(
    _ a: [Float], _ b: [Float], sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let complaint = complaint(about: a, b)
    #expect(complaint == nil, sourceLocation: sourceLocation)
  }

  /// Expects the CPU's result and gradients of f, and of f + f, which adds to its gradients.
  func expectAgreement(
    inputs: [Shape], spread: Float = 1, mean: Float = 0,
    sourceLocation: SourceLocation = #_sourceLocation, _ f: ([Tensor]) -> Tensor
  ) {
    let tensors = inputs.enumerated().map {
      self.tensors($1, seed: UInt64(1 + $0), spread: spread, mean: mean)
    }
    for isTwice in [false, true] {
      let results = [tensors.map(\.cpu), tensors.map(\.cuda)].map { inputs in
        let tape = Tape()
        let leaves = inputs.map { tape.watch($0) }
        let y = isTwice ? f(leaves).adding(f(leaves)) : f(leaves)
        let dy = self.tensors(y.shape, seed: 99)
        tape.backward(
          from: y, gradient: y.backend.name == "cuda" ? dy.cuda : dy.cpu)
        return [y.values()] + leaves.map { $0.node?.take()?.values() ?? [] }
      }
      for (cpu, cuda) in zip(results[0], results[1]) {
        expectAgreement(cuda, cpu, sourceLocation: sourceLocation)
      }
    }
  }
}

/// A float32 tensor of normal numbers, the same on every backend.
func parameter(_ count: Int, seed: UInt64, on backend: any Backend) -> Tensor {
  Tensor(Philox(seed: seed, stream: 5).normals(count: count), shape: [count], on: backend)
}
