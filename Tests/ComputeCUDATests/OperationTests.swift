import Compute
import ComputeCPU
import EmulatedDevice
import LinearAlgebra
import Tensors
import TestSupport
import Testing

@testable import ComputeCUDA

/// Operations against the CPU's backend, over extents that packs, warps and blocks do not divide.
@Suite(.enabled(if: Processor.unsupportedReason == nil, "the CPU's backend does not run here"))
struct OperationTests {
  /// Extents and groups: groups that packs cut, rows that begin between packs, several pieces of
  /// the pixels, several parts of the channels.
  static let pictures: [(extents: [Int], groups: Int)] = [
    ([2, 5, 7, 40], 8), ([1, 77, 12], 3), ([2, 3, 10], 2), ([2, 1500, 8], 2), ([1, 9, 1040], 13),
    ([1, 1, 1, 32], 8),
  ]

  @Test(arguments: Precision.all, pictures)
  func groupNorm(_ precision: Precision, _ picture: (extents: [Int], groups: Int)) {
    let channels = picture.extents[picture.extents.count - 1]
    for (activation, mean) in [(nil, 20), (.silu, 0), (.gelu, 0)] as [(Activation?, Float)] {
      precision.expectAgreement(inputs: [Shape(picture.extents)], mean: mean) {
        let backend = $0[0].backend
        return $0[0].groupNorm(
          groups: picture.groups, weight: parameter(channels, seed: 1, on: backend),
          bias: parameter(channels, seed: 2, on: backend), epsilon: 1e-2, activation: activation)
      }
    }
  }

  @Test("a picture of SD 1.5, which many blocks share")
  func groupNormOfALargePicture() {
    let x = Precision.all[0].tensors([1, 4096, 320], seed: 1, mean: 20)
    let results = [x.cpu, x.cuda].map {
      $0.groupNorm(
        groups: 32, weight: parameter(320, seed: 1, on: $0.backend),
        bias: parameter(320, seed: 2, on: $0.backend), epsilon: 1e-5
      ).values()
    }
    Precision.all[0].expectAgreement(results[1], results[0])
  }

  @Test(arguments: Precision.all, [[5, 3], [3, 8], [9, 21], [17, 320], [2, 1301]])
  func layerNorm(_ precision: Precision, _ extents: [Int]) {
    for mean in [0, 20] as [Float] {
      precision.expectAgreement(inputs: [Shape(extents)], mean: mean) {
        let backend = $0[0].backend
        return $0[0].layerNorm(
          weight: parameter(extents[1], seed: 1, on: backend),
          bias: parameter(extents[1], seed: 2, on: backend), epsilon: 1e-2)
      }
    }
  }

  @Test(arguments: Precision.all, [Activation.silu, .gelu, .quickGELU])
  func activation(_ precision: Precision, _ activation: Activation) {
    for shape in [[3, 11], [4099]] as [Shape] {
      precision.expectAgreement(inputs: [shape], spread: 4) { $0[0].activated(activation) }
    }
  }

  @Test(arguments: Precision.all, [[1, 2], [3, 22], [5, 160], [40, 48]])
  func gatedGELU(_ precision: Precision, _ extents: [Int]) {
    precision.expectAgreement(inputs: [Shape(extents)], spread: 2) { $0[0].gatedGELU() }
  }

  @Test(arguments: Precision.all, [(8, 16), (5, 4), (3, 40), (24, 1)])
  func concatenation(_ precision: Precision, _ widths: (Int, Int)) {
    precision.expectAgreement(inputs: [[2, 37, widths.0], [2, 37, widths.1]]) {
      $0[0].concatenated($0[1])
    }
    let x = precision.tensors([7, 30], seed: 1)
    #expect(x.cuda.columns(3..<29).values() == x.cpu.columns(3..<29).values())
  }

  @Test(arguments: Precision.all, [[5, 7], [6, 4], [3, 3], [2, 9]])
  func upsampling(_ precision: Precision, _ extents: [Int]) {
    for channels in [3, 16] {
      precision.expectAgreement(inputs: [[2, 3, 5, channels]]) {
        $0[0].upsampled(height: extents[0], width: extents[1])
      }
    }
  }

  @Test(arguments: Precision.all, pictures.map(\.extents))
  func sumOverPixels(_ precision: Precision, _ extents: [Int]) {
    let x = precision.tensors(Shape(extents), seed: 1, mean: 0.5)
    let sums = precision.tensors([extents[0], extents[extents.count - 1]], seed: 2)
    for isAccumulating in [false, true] {
      x.cpu.backend.sumOverPixels(x.cpu, into: sums.cpu, accumulating: isAccumulating)
      x.cuda.backend.sumOverPixels(x.cuda, into: sums.cuda, accumulating: isAccumulating)
      precision.expectAgreement(sums.cuda.values(), sums.cpu.values())
    }
  }

  @Test(arguments: Precision.all, [5, 24])
  func tokens(_ precision: Precision, _ channels: Int) {
    let table = precision.tensors([13, channels], seed: 1)
    let places = precision.tensors([7, channels], seed: 2)
    let ids = (0..<12).map { Int32($0 * 5 % 13) }
    let results = [(table.cpu, places.cpu), (table.cuda, places.cuda)].map { table, places in
      Tensor(integers: ids, shape: [2, 6], on: table.backend)
        .embedded(table: table, positions: places).values()
    }
    precision.expectAgreement(results[1], results[0])
  }

  @Test("a token that is not in the table shows")
  func unknownToken() {
    let backend = emulatedBackend()
    let tokens = Tensor(integers: [3, -1, 2], shape: [1, 3], on: backend)
    let values = tokens.embedded(
      table: Tensor(zeros: [3, 4], on: backend), positions: Tensor(zeros: [3, 4], on: backend)
    ).values()
    #expect(values.map(\.isNaN) == (0..<12).map { $0 < 8 })
  }

  @Test(arguments: Precision.all)
  func timesteps(_ precision: Precision) {
    let times = [0, 1, 500, 999].map { Float($0) }
    let results = [CPUBackend(threads: 1) as any Backend, emulatedBackend(precision.type)].map {
      let type = $0.activationType
      return Tensor(times, shape: [4], on: $0).sinusoids(width: 322, elementType: type).values()
    }
    precision.expectAgreement(results[1], results[0])
  }

  /// Packs that end between samples, several blocks, one pixel.
  static let predictions = [[2, 3, 5, 4], [3, 7], [2, 1100, 4], [1, 1, 1]]

  @Test(
    arguments: Precision.all,
    [Distance.squared, .absolute, .huber, .smoothAbsolute])
  func loss(_ precision: Precision, _ distance: Distance) {
    for extents in Self.predictions {
      let samples = extents[0]
      let prediction = precision.tensors(Shape(extents), seed: 1)
      let target = Precision.all[0].tensors(Shape(extents), seed: 2)
      let pixels = extents[..<(extents.count - 1)].reduce(1, *)
      for isMasked in [false, true] {
        let results = [(prediction.cpu, target.cpu), (prediction.cuda, target.cuda)].map { x, y in
          let backend = x.backend
          let tape = Tape()
          let leaf = tape.watch(x)
          let loss = leaf.loss(
            distance, target: Tensor(y.values(), shape: y.shape, on: backend),
            weights: parameter(samples, seed: 3, on: backend),
            thresholds: isMasked
              ? Tensor(Array([0.3, 0.1, 2].prefix(samples)), shape: [samples], on: backend) : nil,
            mask: isMasked ? parameter(pixels, seed: 5, on: backend) : nil)
          tape.backward(from: loss.mean, scale: 1000)
          return [
            loss.perSample.values(), loss.mean.values(), leaf.node?.take()?.values() ?? [],
          ]
        }
        for (cpu, cuda) in zip(results[0], results[1]) { precision.expectAgreement(cuda, cpu) }
      }
    }
  }

  @Test("gradients that fp16 cannot hold have their digits once they are scaled")
  func smallGradients() {
    let precision = Precision.all[2]
    let shape: Shape = [2, 1100, 4]
    let prediction = precision.tensors(shape, seed: 1)
    let target = prediction.cpu.values().enumerated().map { $1 - 1e-2 * Float($0 % 7) }
    let gradients = [prediction.cpu, prediction.cuda].map { x in
      let tape = Tape()
      let leaf = tape.watch(x)
      let loss = leaf.loss(
        .squared, target: Tensor(target, shape: shape, on: x.backend),
        weights: Tensor([1, 1], shape: [2], on: x.backend))
      tape.backward(from: loss.mean, scale: 65536)
      return leaf.node?.take()?.values() ?? []
    }
    precision.expectAgreement(gradients[1], gradients[0])
  }

  /// Module, rank, network.
  static let dropouts: [(Float, Float, Float)] = [
    (0, 0, 0), (0.5, 0, 0), (0, 0.3, 0), (0, 0, 0.1), (0.2, 0.3, 0.4),
  ]

  @Test("the mask has the CPU's bits", arguments: dropouts, [0, 1, 70_000] as [Int32])
  func mask(_ dropout: (Float, Float, Float), _ step: Int32) {
    let masks = [CPUBackend(threads: 1) as any Backend, emulatedBackend()].map { backend in
      let mask = Tensor(shape: [3, 37, 5], elementType: .float32, on: backend)
      backend.fillMask(
        mask,
        AdapterDropout(
          module: dropout.0, network: dropout.2, rank: dropout.1, seed: 1 << 40 | 5, stream: 9,
          step: Tensor(integers: [step], shape: [1], on: backend)))
      return mask.values()
    }
    #expect(masks[1] == masks[0])
  }
}
