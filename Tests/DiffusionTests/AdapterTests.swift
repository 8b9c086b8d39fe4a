import Compute
import ComputeCPU
import LinearAlgebra
import Names
import Tensors
import TestSupport
import Testing

@testable import Diffusion

@Suite(.enabled(if: GoldenRun.isPresent, "the models are not beside the repository"))
struct AdapterTests {
  let backend = CPUBackend(threads: 2)

  /// Everything adapted (convolutions and text encoder too), a picture of odd sides, all dropouts.
  @Test("the gradient is the slope along any direction", arguments: [0, 1], [false, true])
  func slopes(_ model: Int, checkpointing: Bool) throws {
    let pretrained = try GoldenRun.all[model].pretrained()
    let unet = try pretrained.unet(on: backend)
    let encoder = try pretrained.textEncoders(on: backend)[0]
    let modules = AdaptedModules(of: encoder.layers + unet.layers) { layer in
      layer.kind == .convolution ? (2, 1) : (3, 2)
    }
    let values = noise(modules.parameterCount, stream: 1).map { 0.05 * $0 }
    let direction = noise(modules.parameterCount, stream: 2)
    let latents = Tensor(noise(2 * 5 * 7 * 4, stream: 3), shape: [2, 5, 7, 4], on: backend)
    let target = Tensor(noise(2 * 5 * 7 * 4, stream: 4), shape: [2, 5, 7, 4], on: backend)
    let tokens = Tensor(integers: [1, 2, 3, 4, 5, 6], shape: [2, 3], on: backend)
    let step = Tensor(integers: [5], shape: [1], on: backend)
    let tape = Tape()

    func loss(_ values: [Float]) -> (loss: Loss, gradient: Tensor?) {
      let adapters = DeviceAdapters(
        modules, values: values, tape: tape,
        dropout: AdapterDropout(module: 0.1, network: 0.1, rank: 0.1, seed: 3, step: step),
        on: backend)
      let context = encoder.conditioning(encoder.encode(tokens: tokens, adapters: adapters))
      let prediction = unet.prediction(
        of: UNetInputs(
          latents: latents, timesteps: Tensor([10, 700], shape: [2], on: backend),
          context: context), adapters: adapters, checkpointing: checkpointing)
      let loss = prediction.loss(
        .squared, target: target, weights: Tensor([1, 2], shape: [2], on: backend))
      return (loss, adapters.gradient)
    }

    let (middle, gradient) = loss(values)
    tape.backward(from: middle.mean)
    let slope = zip(try #require(gradient).values(), direction).reduce(0) {
      $0 + Double($1.0) * Double($1.1)
    }
    func along(_ distance: Float) -> Double {
      defer { tape.reset() }
      return Double(loss(zip(values, direction).map { $0 + distance * $1 }).loss.mean.values()[0])
    }
    let measured = (along(2e-4) - along(-2e-4)) / 4e-4
    #expect(abs(measured - slope) < 0.02 * abs(slope), "\(measured), not \(slope)")
  }

  private func noise(_ count: Int, stream: UInt64) -> [Float] {
    Philox(seed: 9, stream: stream).normals(count: count)
  }
}

/// On a network of 8 channels.
@Suite(.enabled(if: Processor.unsupportedReason == nil, "this processor lacks what it needs"))
struct TinyAdapterTests {
  let backend = CPUBackend(threads: 1)

  private static var tiny: PretrainedModel {
    get throws { try PretrainedModel(path: Fixtures.path("train/tiny-model")) }
  }

  @Test("nothing before the first adapted layer is recorded")
  func unneededGradients() throws {
    let unet = try Self.tiny.unet(on: backend)
    let modules = AdaptedModules(of: unet.layers) {
      $0.name.module.hasSuffix("up_blocks_1_attentions_1_proj_out") ? (4, 1) : nil
    }
    let tape = Tape()
    let adapters = DeviceAdapters(
      modules, values: modules.initialValues(seed: 1), tape: tape, on: backend)
    _ = unet.prediction(
      of: UNetInputs(
        latents: Tensor(zeros: [1, 8, 8, 4], on: backend),
        timesteps: Tensor([1], shape: [1], on: backend),
        context: Tensor(zeros: [1, 77, 8], on: backend)), adapters: adapters)
    #expect(tape.count == 3)  // the adapted layer, the norm and the convolution behind it
  }

  @Test("several adapters as one give the sum of their changes")
  func joined() throws {
    let unet = try Self.tiny.unet(on: backend)
    let sets = [(2, Float(1)), (3, 6)].enumerated().map { index, extent in
      let modules = AdaptedModules(of: unet.layers) { layer in
        layer.name.module.contains(index == 0 ? "attn" : "to_") ? extent : nil
      }
      return (modules, noise(modules.parameterCount, stream: UInt64(index)).map { 0.1 * $0 })
    }
    let both = AdaptedModules.joined(
      [(sets[0].0, sets[0].1, 0.7), (sets[1].0, sets[1].1, -1)], for: unet.layers)
    let layer = try #require(
      unet.layers.first {
        $0.name.module.hasSuffix("mid_block_attentions_0_transformer_blocks_0_attn1_to_k")
      })
    let expected = zip(
      update(sets[0].0, sets[0].1, layer, 0.7), update(sets[1].0, sets[1].1, layer, -1)
    ).map { $0 + $1 }
    expect(update(both.modules, both.values, layer, 1), approximates: expected, within: 1e-6)
  }

  @Test("a merged adapter predicts what it predicts beside the weights")
  func merging() throws {
    let (beside, changed) = (
      try Self.tiny.unet(on: backend), try Self.tiny.unet(on: backend)
    )
    let modules = AdaptedModules(of: beside.layers) { layer in
      layer.kind == .convolution ? (2, 1) : (3, 2)
    }
    let values = noise(modules.parameterCount, stream: 5).map { 0.1 * $0 }
    changed.merge(modules, values: values, multiplier: -0.7)
    let inputs = UNetInputs(
      latents: Tensor(noise(8 * 8 * 4, stream: 6), shape: [1, 8, 8, 4], on: backend),
      timesteps: Tensor([500], shape: [1], on: backend),
      context: Tensor(noise(77 * 8, stream: 7), shape: [1, 77, 8], on: backend))
    let joined = AdaptedModules.joined([(modules, values, -0.7)], for: beside.layers)
    let expected = beside.prediction(
      of: inputs, adapters: DeviceAdapters(joined.modules, values: joined.values, on: backend)
    ).values()
    expect(changed.prediction(of: inputs).values(), approximates: expected, within: 1e-5)
    let plain = beside.prediction(of: inputs).values()
    #expect(zip(plain, expected).contains { abs($0 - $1) > 1e-3 })
  }

  /// Multiplier · alpha / rank · U·D of a layer.
  private func update(
    _ modules: AdaptedModules, _ values: [Float], _ layer: AdaptableLayer, _ multiplier: Double
  ) -> [Double] {
    guard let module = modules.module(for: layer)?.module else { return [] }
    let scale = multiplier * Double(module.alpha) / Double(module.rank)
    return (0..<layer.outputs * layer.inputs).map { index in
      let (output, input) = index.quotientAndRemainder(dividingBy: layer.inputs)
      return (0..<module.rank).reduce(0) {
        $0 + scale * Double(values[module.up + output * module.rank + $1])
          * Double(values[module.down + $1 * layer.inputs + input])
      }
    }
  }

  private func noise(_ count: Int, stream: UInt64) -> [Float] {
    Philox(seed: 9, stream: stream).normals(count: count)
  }
}

@Suite struct AdaptedModulesTests {
  static let layers = [("a", 5, 7, AdaptableLayer.Kind.linear), ("b", 3, 4, .convolution)].map {
    AdaptableLayer(
      name: LayerName(
        target: Target(network: .denoiser, key: $0.0, path: $0.0), module: $0.0, isDefault: true),
      inputs: $0.1, outputs: $0.2, kind: $0.3)
  }

  @Test("all D lie before all U") func layout() {
    let modules = AdaptedModules(of: Self.layers) { $0.kind == .linear ? (2, 1) : (3, 1) }
    #expect(modules.modules.map(\.down) == [0, 10])
    #expect(modules.modules.map(\.up) == [91, 105])
    #expect(modules.parameterCount == 117)
  }

  @Test("D starts uniform within 1/√fan-in, U at zero") func start() {
    let modules = AdaptedModules(of: Self.layers) { _ in (200, 1) }
    let values = modules.initialValues(seed: 1)
    // A seed means the same numbers for ever: 53 bits of Philox's words, on either side of 0.
    var draws = Philox(seed: 1, stream: 0)
    let first = (0..<3).map { _ in Float(Double(draws.next() >> 11) * 0x1p-52 - 1) }
    let scale = Float(modules.modules[0].layer.downWidth).squareRoot()
    expect(values.prefix(3).map { $0 * scale }, approximates: first, within: 1e-6)
    for module in modules.modules {
      let down = values[module.down..<module.down + module.downCount]
      let bound = 1 / Float(module.layer.downWidth).squareRoot()
      #expect(down.allSatisfy { abs($0) <= bound })
      #expect(down.contains { abs($0) > 0.95 * bound })
      let mean = down.reduce(0, +) / Float(down.count)
      #expect(abs(mean) < 0.05 * bound)
      #expect(values[module.up..<module.up + module.upCount].allSatisfy { $0 == 0 })
    }
  }

  @Test("a file's kernels have the channels first") func fileOrder() {
    let modules = AdaptedModules(of: [Self.layers[1]]) { _ in (1, 1) }
    let values = (0..<modules.parameterCount).map(Float.init)
    let down = modules.fileValues(of: modules.modules[0], down: true, in: values)
    #expect(down[0..<4] == [0, 3, 6, 9] && down[9] == 1 && down[26] == 26)
  }
}
