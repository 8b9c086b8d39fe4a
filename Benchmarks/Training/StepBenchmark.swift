import Compute
import ComputeCPU
import Diffusion
import Glibc
import Tensors

/// One training step on made-up latents, as the training loop does it.
struct StepBenchmark {
  private let unet: UNet
  private let adapters: DeviceAdapters
  private let tape = Tape()
  private let state: AdamState
  private let inputs: UNetInputs
  private let target: Tensor
  private let weights: Tensor
  private let checkpointing: Bool
  private let backend: CPUBackend

  init(
    model: String, side: Int, batch: Int, checkpointing: Bool, backend: CPUBackend
  ) throws {
    self.backend = backend
    self.checkpointing = checkpointing
    unet = try PretrainedModel(path: model).unet(on: backend)
    let modules = AdaptedModules(of: unet.layers) { $0.name.isDefault ? (4, 1) : nil }
    let values = modules.initialValues(seed: 1)
    adapters = DeviceAdapters(modules, values: values, tape: tape, on: backend)
    state = AdamState(
      parameters: adapters.parameters,
      gradient: adapters.gradient ?? adapters.parameters,
      first: Tensor(zeros: [values.count], on: backend),
      second: Tensor(zeros: [values.count], on: backend))
    func normals(_ shape: Shape, _ stream: UInt64) -> Tensor {
      let count = shape.elementCount ?? 0
      return Tensor(
        Philox(seed: 1, stream: stream).normals(count: count), shape: shape, on: backend)
    }
    let timesteps = (0..<batch).map { Float(100 + 300 * $0) }
    inputs = UNetInputs(
      latents: normals([batch, side, side, 4], 100),
      timesteps: Tensor(timesteps, shape: [batch], on: backend),
      context: normals([batch, 77, unet.configuration.contextWidth], 101))
    target = normals([batch, side, side, 4], 102)
    weights = Tensor([Float](repeating: 1, count: batch), shape: [batch], on: backend)
    print("\(modules.modules.count) modules, \(values.count) parameters")
  }

  func run(steps: Int) {
    var times: [[Double]] = [[], [], []]
    let processor = processorTime()
    for step in 1...steps {
      let start = now()
      let prediction = unet.prediction(
        of: inputs, adapters: adapters, checkpointing: checkpointing)
      let loss = prediction.loss(.squared, target: target, weights: weights)
      let forward = now()
      tape.backward(from: loss.mean)
      let backward = now()
      update(step)
      let end = now()
      for (index, time) in [forward - start, backward - forward, end - backward].enumerated() {
        times[index].append(time)
      }
    }
    let names = ["forward", "backward", "clip + AdamW"]
    for (name, values) in zip(names, times) { report(name, values) }
    report("step", (0..<steps).map { step in times.reduce(0) { $0 + $1[step] } })
    print("processor: \(rounded((processorTime() - processor) / Double(steps))) ms a step")
    print(
      "tensors \(backend.heldByteCount >> 20) MiB, process \(peakKilobytes() >> 10) MiB at most")
  }

  private func update(_ step: Int) {
    backend.clip(state.gradient, norm: backend.norm(of: state.gradient), to: 1)
    let rates = AdamRates(
      learningRate: 1e-4, weightDecay: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, step: step)
    backend.adamW(state, rates: Tensor(rates.values, shape: [AdamRates.count], on: backend))
    backend.fill(state.gradient, with: 0)
  }

  private func report(_ name: String, _ values: [Double]) {
    let sorted = values.sorted()
    print("\(name): median \(rounded(sorted[sorted.count / 2])) ms, least \(rounded(sorted[0])) ms")
  }

  private func rounded(_ value: Double) -> Double { (value * 100).rounded() / 100 }

  /// Milliseconds on the monotonic clock.
  private func now() -> Double {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) * 1e3 + Double(time.tv_nsec) * 1e-6
  }

  /// Milliseconds that all threads have run, which other programs disturb less than the clock.
  private func processorTime() -> Double {
    let time = usage().ru_utime
    return Double(time.tv_sec) * 1e3 + Double(time.tv_usec) * 1e-3
  }

  private func peakKilobytes() -> Int { usage().ru_maxrss }

  private func usage() -> rusage {
    var usage = rusage()
    unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return usage
  }
}
