import Compute
import ComputeCPU
import EmulatedDevice
import LinearAlgebra
import Tensors
import TestSupport
import Testing

@testable import ComputeCUDA

/// Optimisers against the CPU's backend, over several blocks, and in recorded work.
@Suite(.enabled(if: Processor.unsupportedReason == nil, "the CPU's backend does not run here"))
struct OptimizerKernelTests {
  private let precision = Precision.all[0]

  /// Runs four steps on both backends, which the device does, records, and replays twice.
  private func expectAgreement(
    count: Int, _ make: (any Backend) -> (tensors: [Tensor], step: (Tensor) -> Void)
  ) {
    let backends = [CPUBackend(threads: 1) as any Backend, emulatedBackend()]
    let results = backends.map { backend in
      let (tensors, step) = make(backend)
      let gradient = Tensor(zeros: [count], on: backend)
      let work = RepeatedWork()
      for number in 1...4 {
        gradient.write(
          Philox(seed: UInt64(number), stream: 8).normals(count: count).map { 0.1 * $0 })
        backend.repeating(work) { step(gradient) }
      }
      #expect(throws: Never.self) { try backend.check() }
      return tensors.map { $0.values() }
    }
    for (cpu, cuda) in zip(results[0], results[1]) { precision.expectAgreement(cuda, cpu) }
  }

  @Test(arguments: KernelTests.counts)
  func lion(_ count: Int) {
    expectAgreement(count: count) { backend in
      let (p, m) = (parameter(count, seed: 1, on: backend), Tensor(zeros: [count], on: backend))
      let rates = Tensor([0.01, 0.1, 0.9, 0.99], shape: [4], on: backend)
      return ([p, m], { backend.lion(p, gradient: $0, momentum: m, rates: rates) })
    }
  }

  @Test(arguments: KernelTests.counts)
  func momentumSGD(_ count: Int) {
    for nesterov in [0, 1] as [Float] {
      expectAgreement(count: count) { backend in
        let (p, m) = (parameter(count, seed: 1, on: backend), Tensor(zeros: [count], on: backend))
        let rates = Tensor([0.01, 0.1, 0.9, nesterov], shape: [4], on: backend)
        return ([p, m], { backend.momentumSGD(p, gradient: $0, momentum: m, rates: rates) })
      }
    }
  }

  /// A group that has no learning rate lies between the two that have one.
  @Test(arguments: [false, true])
  func prodigy(_ safeguards: Bool) {
    let count = 13_000
    expectAgreement(count: count) { backend in
      let p = parameter(count, seed: 1, on: backend)
      let zeros = (0..<3).map { _ in Tensor(zeros: [count], on: backend) }
      let estimate = Tensor([1e-3, 1e-3, 0, 0], shape: [4], on: backend)
      let origin = Tensor(p.values(), shape: [count], on: backend)
      var settings = ProdigySettings(
        rates: Tensor([1], shape: [1], on: backend), active: [0..<5001, 6002..<count])
      settings.initialEstimate = 1e-3
      settings.weightDecay = 0.01
      settings.growthRate = safeguards ? 1.5 : .infinity
      settings.correctsBias = true
      settings.safeguardsWarmup = safeguards
      let step = { (gradient: Tensor) in
        let adam = AdamState(
          parameters: p, gradient: gradient, first: zeros[0], second: zeros[1])
        backend.prodigy(
          ProdigyState(adam: adam, origin: origin, sums: zeros[2], estimate: estimate),
          settings: settings)
      }
      return ([p, estimate] + zeros, step)
    }
  }

  @Test("Prodigy waits while all gradients are zero")
  func prodigyWaits() {
    let backend = emulatedBackend()
    let tensors = (0..<5).map { _ in Tensor(zeros: [10], on: backend) }
    let estimate = Tensor([1e-3, 1e-3, 0, 0], shape: [4], on: backend)
    let adam = AdamState(
      parameters: tensors[0], gradient: tensors[1], first: tensors[2], second: tensors[3])
    backend.prodigy(
      ProdigyState(adam: adam, origin: tensors[0], sums: tensors[4], estimate: estimate),
      settings: ProdigySettings(
        rates: Tensor([1], shape: [1], on: backend), active: [0..<10]))
    #expect(estimate.values() == [1e-3, 1e-3, 0, 0])
    #expect(tensors[0].values() == [Float](repeating: 0, count: 10))
  }

  /// Long rows, long columns, both, kernels of convolutions, single numbers.
  static let factored: [FactoredTensor] = {
    var (offset, moments) = (3, 0)
    return [
      (1, 4, 700, 1), (1, 700, 4, 1), (1, 70, 90, 1), (3, 3, 3, 50), (2, 40, 5, 3), (19, 1, 1, 1),
    ].map { outer, rows, columns, inner in
      let tensor = FactoredTensor(
        offset: offset, outer: outer, rows: rows, columns: columns, inner: inner,
        moments: moments)
      offset += tensor.count + 1
      moments += tensor.momentCount
      return tensor
    }
  }()

  @Test(arguments: [false, true])
  func adafactor(_ hasMomentum: Bool) {
    let last = Self.factored[Self.factored.count - 1]
    let count = last.offset + last.count + 2
    expectAgreement(count: count) { backend in
      let p = parameter(count, seed: 1, on: backend)
      let moments = Tensor(zeros: [last.moments + last.momentCount], on: backend)
      let momentum = hasMomentum ? Tensor(zeros: [count], on: backend) : nil
      let scale: Float = hasMomentum ? 0 : 1
      let rates = Tensor(
        [0.01, 0.5, 0.1, 0.8, scale, 1e-30, 1e-3, 0.9], shape: [8], on: backend)
      let step = { (gradient: Tensor) in
        backend.adafactor(
          AdafactorState(
            parameters: p, gradient: gradient, moments: moments, tensors: Self.factored,
            momentum: momentum), rates: rates)
      }
      return ([p, moments] + (momentum.map { [$0] } ?? []), step)
    }
  }

  /// Ranks that tiles of 16 divide and do not, above the limit and below it.
  @Test(arguments: [0.1, 30, 1e6] as [Float])
  func limitNorms(_ limit: Float) {
    var (products, offset) = ([LowRankProduct](), 1)
    for (rank, inputs, outputs) in [(1, 40, 3), (16, 32, 70), (17, 31, 33), (40, 100, 50)] {
      products.append(
        LowRankProduct(
          down: offset, up: offset + rank * inputs + 2, rank: rank, inputs: inputs,
          outputs: outputs, scale: -0.7))
      offset += rank * (inputs + outputs) + 5
    }
    let list = products
    let count = offset
    expectAgreement(count: count) { backend in
      let p = parameter(count, seed: 1, on: backend)
      return (
        [p],
        { gradient in
          backend.add(p, gradient, into: p)
          backend.limitNorms(p, of: list, to: limit)
        }
      )
    }
  }
}
