import Compute
import Tensors
import TestSupport
import Testing

@Suite struct GradientTests {
  /// Rows, inputs, outputs: odd, one, and wide enough to be cut.
  static let products: [[Int]] = [[1, 1, 1], [3, 5, 7], [6, 17, 9], [50, 8, 3]]

  @Test(arguments: TestBackends.available, products)
  func linear(_ device: TestBackend, _ extents: [Int]) {
    let backend = device.backend
    let (rows, inputs, outputs) = (extents[0], extents[1], extents[2])
    let weight = Tensor.random([outputs, inputs], seed: 1, on: backend)
    let bias = Tensor.random([outputs], seed: 2, on: backend)
    expectGradients(on: backend, inputs: [[rows, inputs], [rows, outputs]]) {
      $0[0].linear(weight, bias: bias, adding: $0[1])
    }
  }

  /// Kernel, stride, padding and picture.
  static let windows: [(kernel: Int, stride: Int, padding: Padding, height: Int, width: Int)] = [
    (3, 1, Padding(1), 5, 4), (3, 2, Padding(1), 5, 7), (3, 2, Padding(1), 4, 4),
    (1, 1, Padding(0), 3, 3), (3, 1, Padding(1), 1, 2),
    (3, 2, Padding(top: 0, left: 0, bottom: 1, right: 1), 6, 4),
  ]

  @Test(arguments: TestBackends.convolving, windows)
  func convolution(
    _ device: TestBackend,
    _ window: (kernel: Int, stride: Int, padding: Padding, height: Int, width: Int)
  ) {
    let backend = device.backend
    let (inputs, outputs) = (3, 5)
    let weight = Tensor.random(
      [outputs, window.kernel, window.kernel, inputs], seed: 1, on: backend)
    expectGradients(
      on: backend, inputs: [[2, window.height, window.width, inputs], [2, outputs]]
    ) {
      $0[0].convolution(
        weight, sampleBias: $0[1], stride: window.stride, padding: window.padding)
    }
  }

  @Test(arguments: TestBackends.available, [nil, Activation.silu])
  func groupNorm(_ device: TestBackend, _ activation: Activation?) {
    let backend = device.backend
    let weight = Tensor.random([12], seed: 1, on: backend)
    let bias = Tensor.random([12], seed: 2, on: backend)
    expectGradients(on: backend, inputs: [[2, 3, 5, 12]]) {
      $0[0].groupNorm(
        groups: 4, weight: weight, bias: bias, epsilon: 1e-5, activation: activation)
    }
  }

  @Test(arguments: TestBackends.available, [1, 8, 21])
  func layerNorm(_ device: TestBackend, _ channels: Int) {
    let backend = device.backend
    let weight = Tensor.random([channels], seed: 1, on: backend)
    let bias = Tensor.random([channels], seed: 2, on: backend)
    expectGradients(on: backend, inputs: [[5, channels]]) {
      $0[0].layerNorm(weight: weight, bias: bias, epsilon: 1e-1)
    }
  }

  @Test(arguments: TestBackends.available, [false, true])
  func selfAttention(_ device: TestBackend, isCausal: Bool) {
    expectGradients(on: device.backend, inputs: [[2, 7, 3 * 10]]) {
      $0[0].selfAttention(heads: 2, isCausal: isCausal)
    }
  }

  @Test(arguments: TestBackends.available)
  func crossAttention(_ device: TestBackend) {
    expectGradients(on: device.backend, inputs: [[2, 9, 6], [2, 5, 12]]) {
      $0[0].crossAttention($0[1], heads: 3)
    }
  }

  @Test(arguments: TestBackends.available, [Activation.silu, .gelu, .quickGELU])
  func activation(_ device: TestBackend, _ activation: Activation) {
    expectGradients(on: device.backend, inputs: [[3, 11]], spread: 4) {
      $0[0].activated(activation)
    }
  }

  @Test(arguments: TestBackends.available)
  func gatedGELU(_ device: TestBackend) {
    expectGradients(on: device.backend, inputs: [[3, 22]], spread: 3) { $0[0].gatedGELU() }
  }

  @Test(arguments: TestBackends.available)
  func arrangements(_ device: TestBackend) {
    let backend = device.backend
    expectGradients(on: backend, inputs: [[2, 3, 5], [2, 3, 4]]) { $0[0].concatenated($0[1]) }
    expectGradients(on: backend, inputs: [[2, 3, 2, 5]]) { $0[0].upsampled(height: 6, width: 4) }
    expectGradients(on: backend, inputs: [[1, 2, 3, 9]]) { $0[0].upsampled(height: 5, width: 7) }
    expectGradients(on: backend, inputs: [[2, 9], [2, 9]]) { $0[0].adding($0[1]).adding($0[0]) }
    expectGradients(on: backend, inputs: [[2, 8], [3, 8]]) { inputs in
      let ranges = [(0, 8..<16), (1, 0..<24), (0, 0..<8), (0, 8..<16)]
      return Tensor(
        joining: ranges.map { Stretch(of: inputs[$0.0], $0.1) }, shape: [6, 8])
    }
    let factor = Tensor([-3], shape: [1], on: backend)
    expectGradients(on: backend, inputs: [[2, 9]]) { $0[0].scaled(by: factor) }
  }

  @Test(
    arguments: TestBackends.available,
    [Distance.squared, .absolute, .huber, .smoothAbsolute])
  func loss(_ device: TestBackend, _ distance: Distance) {
    let backend = device.backend
    let target = Tensor.random([2, 3, 4], seed: 90, on: backend)
    let weights = Tensor([0.5, 2], shape: [2], on: backend)
    let thresholds = Tensor([0.3, 0.1], shape: [2], on: backend)
    let mask = Tensor([0, 0.5, 1, 1, 0.25, 1], shape: [2, 3], on: backend)
    expectGradients(on: backend, inputs: [[2, 3, 4]], tolerance: 1e-2) {
      $0[0].loss(
        distance, target: target, weights: weights, thresholds: thresholds, mask: mask
      ).mean
    }
  }

  @Test("a tensor used twice has the sum of both gradients", arguments: TestBackends.available)
  func sharedInput(_ device: TestBackend) {
    let backend = device.backend
    let weight = Tensor.random([6, 6], seed: 1, on: backend)
    let scale = Tensor.random([6], seed: 2, on: backend)
    expectGradients(on: backend, inputs: [[4, 6]]) {
      let normed = $0[0].layerNorm(weight: scale, bias: scale, epsilon: 1e-2)
      return normed.linear(weight, adding: $0[0]).linear(weight, adding: normed)
    }
  }

  @Test("a checkpointed block has the same gradients", arguments: TestBackends.available)
  func checkpoint(_ device: TestBackend) {
    let backend = device.backend
    let weight = Tensor.random([6, 6], seed: 1, on: backend)
    expectGradients(on: backend, inputs: [[4, 6], [4, 6]]) { inputs in
      guard let tape = inputs[0].node?.tape else {
        return inputs[0].linear(weight, adding: inputs[1]).activated(.silu)
      }
      return tape.checkpoint(inputs) { $0[0].linear(weight, adding: $0[1]).activated(.silu) }
    }
  }
}
