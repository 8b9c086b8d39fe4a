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
    kernels.launch("prodigy_begin", .float32, grid: Grid(1))(
      step: step, estimate: state.estimate, rates: settings.rates, beta1: beta1, beta2: beta2,
      initial: settings.initialEstimate, corrects_bias: settings.correctsBias,
      safeguards_warmup: settings.safeguardsWarmup)
    var piece = 0
    for range in ranges {
      let adam = state.adam.slice(range)
      let count = (range.count + 4095) / 4096
      kernels.launch("prodigy_moments", .float32, grid: Grid(count))(
        p: adam.parameters, g: adam.gradient, m: adam.first, v: adam.second,
        s: state.sums.slice(range), origin: state.origin.slice(range), step: step,
        partials: partials.deviceAddress + UInt64(4 * piece), beta1: beta1, beta2: beta2,
        beta3: beta3, pieces: pieces, count: range.count)
      piece += count
    }
    kernels.launch("prodigy_finish", .float32, grid: Grid(1))(
      estimate: state.estimate, step: step, partials: partials, beta3: beta3,
      initial: settings.initialEstimate, coefficient: settings.coefficient,
      growth: settings.growthRate, pieces: pieces)
    for range in ranges {
      let adam = state.adam.slice(range)
      launch("prodigy_move", elementsOf: adam.parameters)(
        p: adam.parameters, m: adam.first, v: adam.second, step: step, epsilon: settings.epsilon,
        decay: settings.weightDecay, count: range.count)
    }
  }
}
