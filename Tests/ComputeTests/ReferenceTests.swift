import Compute
import Foundation
import Tensors
import TestSupport
import Testing

/// Results against plain loops in float64.
@Suite struct ReferenceTests {
  /// Rows, inputs, outputs; the last is cut by columns.
  static let products = [[1, 1, 1], [3, 5, 7], [130, 33, 65], [9, 40, 200]]

  @Test(arguments: TestBackends.available, products)
  func linear(_ device: TestBackend, _ extents: [Int]) {
    let backend = device.backend
    let (rows, inputs, outputs) = (extents[0], extents[1], extents[2])
    let x = random([rows, inputs], seed: 1)
    let weight = random([outputs, inputs], seed: 2)
    let bias = random([outputs], seed: 3)
    let result = Tensor(x, shape: [rows, inputs], on: backend).linear(
      Tensor(weight, shape: [outputs, inputs], on: backend),
      bias: Tensor(bias, shape: [outputs], on: backend))
    let expected = (0..<rows * outputs).map { index in
      let (row, output) = index.quotientAndRemainder(dividingBy: outputs)
      return (0..<inputs).reduce(Double(bias[output])) {
        $0 + Double(x[row * inputs + $1]) * Double(weight[output * inputs + $1])
      }
    }
    expect(result.values().map(Double.init), approximates: expected, within: 1e-5)
  }

  /// Pictures, then the stride; the last two are large enough for several tiles.
  static let pictures = [
    [1, 1, 1, 2, 1], [1, 1, 1, 2, 2], [2, 5, 4, 3, 1], [2, 5, 4, 3, 2], [2, 7, 3, 9, 1],
    [1, 24, 24, 70, 1], [1, 24, 25, 70, 2],
  ]

  @Test(arguments: TestBackends.convolving, pictures)
  func convolution(_ device: TestBackend, _ picture: [Int]) {
    let backend = device.backend
    let (extents, stride) = (Array(picture[..<4]), picture[4])
    let (height, width, inputs, outputs) = (extents[1], extents[2], extents[3], 6)
    let x = random(Shape(extents), seed: 1)
    let weight = random([outputs, 3, 3, inputs], seed: 2)
    let result = Tensor(x, shape: Shape(extents), on: backend).convolution(
      Tensor(weight, shape: [outputs, 3, 3, inputs], on: backend), stride: stride)
    let e = result.shape.extents
    #expect(e == [extents[0], (height - 1) / stride + 1, (width - 1) / stride + 1, outputs])
    let expected = (0..<result.count).map { index in
      let (pixel, output) = index.quotientAndRemainder(dividingBy: outputs)
      let (sample, row, column) = (pixel / (e[1] * e[2]), pixel / e[2] % e[1], pixel % e[2])
      var sum = 0.0
      for position in 0..<9 {
        let y = row * stride + position / 3 - 1
        let x0 = column * stride + position % 3 - 1
        if y < 0 || y >= height || x0 < 0 || x0 >= width { continue }
        for input in 0..<inputs {
          sum +=
            Double(x[((sample * height + y) * width + x0) * inputs + input])
            * Double(weight[(output * 9 + position) * inputs + input])
        }
      }
      return sum
    }
    expect(result.values().map(Double.init), approximates: expected, within: 1e-5)
  }

  /// A mean far from zero must not cost the variance its digits.
  @Test(arguments: TestBackends.available, [0, 1000])
  func groupNorm(_ device: TestBackend, _ mean: Float) {
    let backend = device.backend
    let (pixels, channels, groups) = (77, 20, 5)
    let x = random([2, pixels, channels], seed: 1).map { $0 + mean }
    let ones = Tensor([Float](repeating: 1, count: channels), shape: [channels], on: backend)
    let zeros = Tensor(zeros: [channels], on: backend)
    let result = Tensor(x, shape: [2, pixels, channels], on: backend)
      .groupNorm(groups: groups, weight: ones, bias: zeros, epsilon: 1e-5)
    var expected = x.map(Double.init)
    for sample in 0..<2 {
      for group in 0..<groups {
        let members = (0..<pixels).flatMap { pixel in
          (0..<4).map { (sample * pixels + pixel) * channels + group * 4 + $0 }
        }
        let average = members.reduce(0) { $0 + expected[$1] } / Double(members.count)
        let variance =
          members.reduce(0) { $0 + pow(expected[$1] - average, 2) } / Double(members.count)
        for index in members {
          expected[index] = (expected[index] - average) / sqrt(variance + 1e-5)
        }
      }
    }
    let tolerance = mean == 0 ? 1e-5 : 3e-4  // x itself has no more digits
    expect(result.values().map(Double.init), approximates: expected, within: tolerance)
  }

  /// Tokens: within a block, and over several blocks of queries and keys.
  static let attentions = [(5, false), (5, true), (600, false), (600, true)]

  @Test(arguments: TestBackends.available, attentions)
  func attention(_ device: TestBackend, _ example: (tokens: Int, isCausal: Bool)) {
    let (tokens, isCausal) = example
    let backend = device.backend
    let (heads, width) = (2, 6)
    let x = random([1, tokens, 3 * width], seed: 1).map { 3 * $0 }
    let dy = random([1, tokens, width], seed: 2)
    let tape = Tape()
    let leaf = tape.watch(Tensor(x, shape: [1, tokens, 3 * width], on: backend))
    let result = leaf.selfAttention(heads: heads, isCausal: isCausal)
    tape.backward(from: result, gradient: Tensor(dy, shape: [1, tokens, width], on: backend))
    let expected = plainAttention(x, dy, tokens, heads, width, isCausal)
    expect(result.values().map(Double.init), approximates: expected.y, within: 1e-5)
    expect(
      leaf.node?.take()?.values().map(Double.init) ?? [], approximates: expected.dx, within: 2e-5)
  }

  @Test(arguments: TestBackends.available)
  func activations(_ device: TestBackend) {
    let backend = device.backend
    let x = (0..<4001).map { Float($0 - 2000) / 100 } + [88, -88, 200, -200]
    let tensor = Tensor(x, shape: [x.count], on: backend)
    func check(_ activation: Activation, _ f: (Double) -> Double) {
      let values = tensor.activated(activation).values()
      for (input, value) in zip(x, values) {
        let expected = f(Double(input))
        #expect(abs(Double(value) - expected) <= 3e-7 * max(1, abs(expected)), "at \(input)")
      }
    }
    check(.silu) { $0 / (1 + exp(-$0)) }
    check(.gelu) { $0 * 0.5 * erfc(-$0 / 2.squareRoot()) }
    check(.quickGELU) { $0 / (1 + exp(-1.702 * $0)) }
  }

  @Test(arguments: TestBackends.available, [Activation.silu, .gelu, .quickGELU])
  func nanStays(_ device: TestBackend, _ activation: Activation) {
    let backend = device.backend
    let x = Tensor([.nan, 1, .infinity], shape: [3], on: backend)
    let values = x.activated(activation).values()
    #expect(values[0].isNaN && values[1].isFinite && values[2] == .infinity)
  }

  @Test(arguments: TestBackends.available)
  func nanIsNotLostInAttention(_ device: TestBackend) {
    let backend = device.backend
    var x = random([1, 3, 12], seed: 1)
    x[0] = .nan
    let values = Tensor(x, shape: [1, 3, 12], on: backend).selfAttention(heads: 1).values()
    #expect(values[0].isNaN)
  }

  @Test(arguments: TestBackends.available)
  func sinusoids(_ device: TestBackend) {
    let times = Tensor([0, 7, 999], shape: [3], on: device.backend)
    let values = times.sinusoids(width: 6, elementType: .float32).values()
    let expected = [0.0, 7, 999].flatMap { time -> [Double] in
      let angles = (0..<3).map { time * pow(10000, -Double($0) / 3) }
      return angles.map { cos($0) } + angles.map { sin($0) }
    }
    expect(values.map(Double.init), approximates: expected, within: 1e-4)
  }

  @Test(arguments: TestBackends.available)
  func upsampling(_ device: TestBackend) {
    let x = Tensor([1, 2, 3, 4, 5, 6], shape: [1, 2, 3, 1], on: device.backend)
    #expect(
      x.upsampled(height: 3, width: 5).values()
        == [1, 1, 2, 2, 3, 1, 1, 2, 2, 3, 4, 4, 5, 5, 6])
  }

  @Test func normalsAreTheGenerators() {
    // Box and Muller's pairs of the generator's words, in 64 bits.
    let generator = Philox(seed: 3, stream: 4)
    let expected = (5..<1006).map { (place: Int) -> Float in
      let words = generator.words(block: UInt64(place / 4))
      let (first, second) = (words[place % 4 / 2 * 2], words[place % 4 / 2 * 2 + 1])
      func unit(_ word: UInt32) -> Double { (Double(word >> 8) + 0.5) * 0x1p-24 }
      let radius = (-2 * log(unit(first))).squareRoot()
      let angle = 2 * Double.pi * unit(second)
      return Float(radius * (place % 2 == 0 ? cos(angle) : sin(angle)))
    }
    expect(generator.normals(count: 1001, offset: 5), approximates: expected, within: 1e-6)
  }
}

/// One sample's attention and its gradient, by the definition.
private func plainAttention(
  _ x: [Float], _ dy: [Float], _ tokens: Int, _ heads: Int, _ width: Int, _ isCausal: Bool
) -> (y: [Double], dx: [Double]) {
  var y = [Double](repeating: 0, count: tokens * width)
  var dx = [Double](repeating: 0, count: x.count)
  let size = width / heads
  let scale = 1 / Double(size).squareRoot()
  for head in 0..<heads {
    func place(_ part: Int, _ token: Int, _ column: Int) -> Int {
      (token * 3 + part) * width + head * size + column
    }
    for query in 0..<tokens {
      let keys = 0..<(isCausal ? query + 1 : tokens)
      let scores = keys.map { key in
        (0..<size).reduce(0) {
          $0 + scale * Double(x[place(0, query, $1)]) * Double(x[place(1, key, $1)])
        }
      }
      let largest = scores.max() ?? 0
      let total = scores.reduce(0) { $0 + exp($1 - largest) }
      let weights = scores.map { exp($0 - largest) / total }
      let row = query * width + head * size
      var gradients = [Double](repeating: 0, count: keys.count)
      for key in keys {
        for column in 0..<size {
          y[row + column] += weights[key] * Double(x[place(2, key, column)])
          dx[place(2, key, column)] += weights[key] * Double(dy[row + column])
          gradients[key] += Double(dy[row + column]) * Double(x[place(2, key, column)])
        }
      }
      let mean = zip(weights, gradients).reduce(0) { $0 + $1.0 * $1.1 }
      for key in keys {
        let slope = weights[key] * (gradients[key] - mean) * scale
        for column in 0..<size {
          dx[place(0, query, column)] += slope * Double(x[place(1, key, column)])
          dx[place(1, key, column)] += slope * Double(x[place(0, query, column)])
        }
      }
    }
  }
  return (y, dx)
}
