import Compute
import Tensors
import TestSupport
import Testing

@Suite struct BranchTests {
  /// Joined layers as a test makes them: x [2, 4, 6], three products of 5 columns, ranks 3, 1, 2.
  struct Joined {
    let parts: [LowRankBranch.Part]
    let count: Int

    init() {
      let ranks = [3, 1, 2]
      var (parts, down, up) = ([LowRankBranch.Part](), 0, 6 * 6)
      for (index, rank) in ranks.enumerated() {
        parts.append(
          LowRankBranch.Part(
            outputs: index * 5..<index * 5 + 5, rank: rank, down: down, up: up,
            scale: Float(index) - 0.5))
        down += rank * 6
        up += rank * 5
      }
      self.parts = parts
      count = up
    }
  }

  @Test("the flat gradient is the differences", arguments: TestBackends.available, [false, true])
  func parameters(_ device: TestBackend, withDropout: Bool) {
    let backend = device.backend
    let joined = Joined()
    let weight = Tensor.random([15, 6], seed: 1, on: backend)
    let x = Tensor.random([2, 4, 6], seed: 2, on: backend)
    let weights = Tensor.random([2, 4, 15], seed: 3, on: backend)
    let step = Tensor(integers: [3], shape: [1], on: backend)
    let dropout = AdapterDropout(
      module: 0, network: 0.3, rank: 0.4, seed: 5, stream: 9, step: step)
    let values = random([joined.count], seed: 4)
    func output(_ values: [Float], _ gradient: Tensor?, _ tape: Tape?) -> Tensor {
      x.linear(
        weight,
        branch: LowRankBranch(
          parts: joined.parts, parameters: Tensor(values, shape: [values.count], on: backend),
          gradient: gradient, tape: tape, dropout: withDropout ? dropout : nil))
    }
    let tape = Tape()
    let gradient = Tensor(zeros: [joined.count], on: backend)
    tape.backward(from: output(values, gradient, tape), gradient: weights)
    expect(
      gradient.values().map(Double.init),
      approximates: differences(values) {
        dot(output($0, nil, nil).values(), weights.values())
      }, within: 4e-3)
  }

  @Test("the input's gradient goes through the branch", arguments: TestBackends.available)
  func input(_ device: TestBackend) {
    let backend = device.backend
    let joined = Joined()
    let weight = Tensor.random([15, 6], seed: 1, on: backend)
    let parameters = Tensor.random([joined.count], seed: 4, on: backend)
    expectGradients(on: backend, inputs: [[2, 4, 6]]) {
      $0[0].linear(weight, branch: LowRankBranch(parts: joined.parts, parameters: parameters))
    }
  }

  @Test(arguments: TestBackends.convolving, [(3, 1), (3, 2), (1, 1)])
  func convolution(_ device: TestBackend, _ window: (kernel: Int, stride: Int)) {
    let backend = device.backend
    let patch = window.kernel * window.kernel * 3
    let part = LowRankBranch.Part(outputs: 0..<5, rank: 2, down: 1, up: 1 + 2 * patch, scale: 0.7)
    let weight = Tensor.random([5, window.kernel, window.kernel, 3], seed: 1, on: backend)
    let values = random([1 + 2 * patch + 10], seed: 4)
    let padding = Padding(window.kernel / 2)
    func output(_ x: Tensor, _ values: [Float], _ gradient: Tensor?, _ tape: Tape?) -> Tensor {
      x.convolution(
        weight, stride: window.stride, padding: padding,
        branch: LowRankBranch(
          parts: [part], parameters: Tensor(values, shape: [values.count], on: backend),
          gradient: gradient, tape: tape))
    }
    expectGradients(on: backend, inputs: [[2, 4, 5, 3]]) {
      output($0[0], values, nil, nil)
    }

    let x = Tensor.random([2, 4, 5, 3], seed: 2, on: backend)
    let tape = Tape()
    let gradient = Tensor(zeros: [values.count], on: backend)
    let result = output(x, values, gradient, tape)
    let weights = random(result.shape, seed: 3)
    tape.backward(
      from: result, gradient: Tensor(weights, shape: result.shape, on: backend))
    expect(
      gradient.values().map(Double.init),
      approximates: differences(values) { dot(output(x, $0, nil, nil).values(), weights) },
      within: 4e-3)
  }

  @Test("the module's dropout draws once a step", arguments: TestBackends.available)
  func moduleDropout(_ device: TestBackend) {
    let backend = device.backend
    let drawn = (0..<200).map { step in
      let mask = Tensor(zeros: [2, 3, 4], on: backend)
      backend.fillMask(
        mask,
        AdapterDropout(
          module: 0.5, network: 0, rank: 0, seed: 5, stream: 9,
          step: Tensor(integers: [Int32(step)], shape: [1], on: backend)))
      #expect(Set(mask.values()).count == 1)
      return mask.values()[0]
    }
    #expect((70...130).contains(drawn.count { $0 == 0 }))
    #expect(Set(drawn) == [0, 1])
  }
}

/// Σ a·b.
func dot(_ a: [Float], _ b: [Float]) -> Double {
  zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) }
}

/// The derivatives of f, from differences over ±0.01.
func differences(_ values: [Float], _ f: ([Float]) -> Double) -> [Double] {
  values.indices.map { index in
    var (above, below) = (values, values)
    above[index] += 1e-2
    below[index] -= 1e-2
    return (f(above) - f(below)) / 2e-2
  }
}
