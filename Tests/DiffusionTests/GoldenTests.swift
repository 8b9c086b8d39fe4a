import Compute
import ComputeCPU
import Diffusion
import Safetensors
import Tensors
import TestSupport
import Testing

@Suite(.enabled(if: GoldenRun.isPresent, "the reference figures are not beside the repository"))
struct GoldenTests {
  let backend = CPUBackend(threads: 2)

  @Test func unet() throws {
    let run = GoldenRun.all[0]
    let file = try run.open("models")
    let unet = try run.pretrained().unet(on: backend)
    let prediction = unet.prediction(
      of: UNetInputs(
        latents: try file.picture("unet_sample", on: backend),
        timesteps: try file.tensor("unet_timestep", on: backend),
        context: try file.tensor("hidden_states", on: backend)))
    try expect(prediction, matches: "unet_output", in: file)
  }

  @Test(arguments: GoldenRun.all) func vae(_ run: GoldenRun) throws {
    let file = try run.open("models")
    let vae = try run.pretrained().vae(on: backend)
    let image = try file.entry("image")
    let picture = Tensor(
      channelsFirst: try file.floats(image).map { 2 * $0 - 1 }, shape: image.shape, on: backend)
    let posterior = vae.encode(picture)
    try expect(posterior.mean, matches: "latent_mean", in: file)
    try expect(posterior.logVariance, matches: "latent_logvar", in: file)
    let mean = try file.entry("latent_mean")
    let latents = Tensor(
      channelsFirst: try file.floats(mean).map { $0 * vae.configuration.scalingFactor },
      shape: mean.shape, on: backend)
    try expect(vae.decode(latents), matches: "decoded", in: file)
  }

  @Test(arguments: GoldenRun.all) func textEncoders(_ run: GoldenRun) throws {
    let file = try run.open("models")
    let encoders = try run.pretrained().textEncoders(on: backend)
    let ids = try file.floats(named: "token_ids").map { Int32($0) }
    let tokens = Tensor(integers: ids, shape: try file.entry("token_ids").shape, on: backend)
    let states = encoders.map { $0.encode(tokens: tokens) }
    let expected = try file.floats(named: "hidden_states")
    if encoders.count == 1 {
      expect(encoders[0].conditioning(states[0]).values(), approximates: expected)
    } else {
      let joined = encoders[0].penultimate(states[0])
        .concatenated(encoders[1].penultimate(states[1]))
      expect(joined.values(), approximates: expected)
      let rows = [Array(ids[..<77]), Array(ids[77...])]
      expect(
        encoders[1].pooled(states[1], tokens: rows).values(),
        approximates: try file.floats(named: "pooled"))
    }
  }

  @Test(arguments: GoldenRun.all, [false, true])
  func replay(_ run: GoldenRun, checkpointing: Bool) throws {
    let unet = try run.pretrained().unet(on: backend)
    let (modules, initial) = try AdaptedModules.reading(run.open("init"), for: unet.layers)
    let tape = Tape()
    let adapters = DeviceAdapters(modules, values: initial, tape: tape, on: backend)
    let replay = try Replay(run, backend: backend)
    let expected = try run.open("expected")
    let (losses, norms) = (
      try expected.floats(named: "loss"), try expected.floats(named: "grad_norm")
    )
    let zeros = [Float](repeating: 0, count: initial.count)
    let state = AdamState(
      parameters: adapters.parameters, gradient: try #require(adapters.gradient),
      first: Tensor(zeros, shape: [zeros.count], on: backend),
      second: Tensor(zeros, shape: [zeros.count], on: backend))
    for step in 0..<run.steps {
      let (inputs, target) = try replay.step(step)
      let prediction = unet.prediction(
        of: inputs, adapters: adapters, checkpointing: checkpointing)
      if step == 0 { try expect(prediction, matches: "first_prediction", in: expected) }
      let loss = prediction.loss(
        .squared, target: target, weights: Tensor([1, 1], shape: [2], on: backend))
      tape.backward(from: loss.mean)
      if step == 0 {
        try expectGradients(state.gradient.values(), modules, in: run.open("gradients"))
      }
      let norm = backend.norm(of: state.gradient)
      #expect(abs(loss.mean.values()[0] - losses[step]) < 1e-4 * losses[step])
      #expect(abs(norm.values()[0] - norms[step]) < 1e-3 * norms[step])
      backend.clip(state.gradient, norm: norm, to: 1)
      let rates = AdamRates(
        learningRate: 1e-3, weightDecay: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8,
        step: step + 1)
      backend.adamW(state, rates: Tensor(rates.values, shape: [AdamRates.count], on: backend))
      backend.fill(state.gradient, with: 0)
    }
    let (_, trained) = try AdaptedModules.reading(run.open("trained"), for: unet.layers)
    expectChange(from: initial, to: adapters.parameters.values(), matches: trained)
  }

  private func expect(
    _ tensor: Tensor, matches name: String, in file: SafetensorsFile,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    expect(
      tensor.channelsFirst(), approximates: try file.floats(named: name),
      sourceLocation: sourceLocation)
  }

  private func expect(
    _ values: [Float], approximates expected: [Float],
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    TestSupport.expect(
      values.map(Double.init), approximates: expected.map(Double.init), within: 2e-4,
      sourceLocation: sourceLocation)
  }

  /// Each module's D and U within 1e-3 of its own size.
  private func expectGradients(
    _ gradient: [Float], _ modules: AdaptedModules, in file: SafetensorsFile
  ) throws {
    for module in modules.modules {
      for (isDown, suffix) in [(true, "lora_down"), (false, "lora_up")] {
        let expected = try file.floats(named: "\(module.name).\(suffix).weight")
        let actual = modules.fileValues(of: module, down: isDown, in: gradient)
        let difference = distance(actual, expected)
        let size = distance(expected, expected.map { _ in 0 })
        #expect(difference <= 1e-3 * size, "\(module.name) \(suffix): \(difference / size)")
      }
    }
  }

  private func expectChange(
    from initial: [Float], to trained: [Float], matches expected: [Float]
  ) {
    let ratio = distance(trained, expected) / distance(expected, initial)
    #expect(ratio < 1e-3)
  }
}

private func distance(_ a: [Float], _ b: [Float]) -> Double {
  zip(a, b).reduce(0) { $0 + pow2(Double($1.0) - Double($1.1)) }.squareRoot()
}

private func pow2(_ x: Double) -> Double { x * x }

/// The batches of a golden run.
private struct Replay {
  private let run: GoldenRun
  private let trace: SafetensorsFile
  private let backend: any Backend
  private let schedule = NoiseSchedule()

  init(_ run: GoldenRun, backend: any Backend) throws {
    self.run = run
    self.backend = backend
    trace = try run.open("trace")
  }

  func step(_ index: Int) throws -> (inputs: UNetInputs, target: Tensor) {
    let (latents, noise) = (try picture("latents", index), try picture("noise", index))
    let timesteps = try trace.step("timesteps", index).values
    let signal = timesteps.map { schedule.signalScale(at: Int($0)) }
    let level = timesteps.map { schedule.noiseScale(at: Int($0)) }
    let inputs = UNetInputs(
      latents: mix(latents, signal, noise, level),
      timesteps: Tensor(timesteps, shape: [timesteps.count], on: backend),
      context: try tensor("context", index), pooled: try optional("pooled", index),
      timeIDs: try optional("time_ids", index))
    let velocity = mix(noise, signal, latents, level.map { -$0 })
    return (inputs, run.predictsVelocity ? velocity : noise)
  }

  /// α·x + β·y with one α and β per sample.
  private func mix(_ x: Tensor, _ alpha: [Float], _ y: Tensor, _ beta: [Float]) -> Tensor {
    let size = x.count / alpha.count
    let sums = zip(x.values(), y.values()).enumerated().map { index, pair in
      alpha[index / size] * pair.0 + beta[index / size] * pair.1
    }
    return Tensor(sums, shape: x.shape, on: backend)
  }

  private func picture(_ name: String, _ index: Int) throws -> Tensor {
    let (values, extents) = try trace.step(name, index)
    return Tensor(channelsFirst: values, shape: Shape(extents), on: backend)
  }

  private func tensor(_ name: String, _ index: Int) throws -> Tensor {
    let (values, extents) = try trace.step(name, index)
    return Tensor(values, shape: Shape(extents), on: backend)
  }

  private func optional(_ name: String, _ index: Int) throws -> Tensor? {
    trace.header[name] == nil ? nil : try tensor(name, index)
  }
}
