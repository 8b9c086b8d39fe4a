package import Compute
import Tensors

extension CUDABackend {
  package func prodigy(_ state: ProdigyState, settings: ProdigySettings) {
    let (beta1, beta2) = settings.betas
    let beta3 = settings.beta3 ?? beta2.squareRoot()
    let ranges = settings.active.filter { !$0.isEmpty }
    let pieces = ranges.reduce(0) { $0 + ($1.count + 4095) / 4096 }
    let step = Tensor(shape: [6], elementType: .float32, on: self)
    let partials = Tensor(shape: [2, pieces], elementType: .float32, on: self)
    launch(
      "prodigy_begin", Grid(1), threads: 32, step.deviceAddress, state.estimate.deviceAddress,
      settings.rates.deviceAddress, beta1, beta2, settings.initialEstimate,
      settings.correctsBias.word, settings.safeguardsWarmup.word)
    var piece = 0
    for range in ranges {
      let adam = state.adam.slice(range)
      let count = (range.count + 4095) / 4096
      launch(
        "prodigy_moments", Grid(count), adam.parameters.deviceAddress,
        adam.gradient.deviceAddress, adam.first.deviceAddress, adam.second.deviceAddress,
        state.sums.slice(range).deviceAddress, state.origin.slice(range).deviceAddress,
        step.deviceAddress, partials.deviceAddress + UInt64(4 * piece), beta1, beta2, beta3,
        UInt64(pieces), UInt64(range.count))
      piece += count
    }
    launch(
      "prodigy_finish", Grid(1), state.estimate.deviceAddress, step.deviceAddress,
      partials.deviceAddress, beta3, settings.initialEstimate, settings.coefficient,
      settings.growthRate, UInt64(pieces))
    for range in ranges {
      let adam = state.adam.slice(range)
      launch(
        "prodigy_move", Self.threadEach(adam.parameters), adam.parameters.deviceAddress,
        adam.first.deviceAddress, adam.second.deviceAddress, step.deviceAddress, settings.epsilon,
        settings.weightDecay, UInt64(range.count))
    }
  }

  private func launch<each Argument: BitwiseCopyable>(
    _ entry: String, _ grid: Grid, threads: Int = 256, _ arguments: repeat each Argument
  ) {
    kernels.launch(
      "prodigy.cu", entry, Self.flat, grid: grid, threads: threads, repeat each arguments)
  }
}
