import Compute
import Tensors

extension DeviceCheck {
  static var losses: [DeviceCheck] {
    let distances: [(String, Distance)] = [
      ("squared", .squared), ("absolute", .absolute), ("huber", .huber),
      ("smooth absolute", .smoothAbsolute),
    ]
    return distances.map { name, distance in
      DeviceCheck(name: "\(name) loss") { make in
        let shape: Shape = [3, 9, 7, 4]
        let tape = Tape()
        let prediction = tape.watch(make.activations(shape, seed: 1))
        let loss = prediction.loss(
          distance, target: make.parameters(shape, seed: 2),
          weights: Tensor([1, 0.5, 2], shape: [3], on: make.backend),
          thresholds: Tensor([0.1, 0.5, 1], shape: [3], on: make.backend),
          mask: make.parameters([3, 63], seed: 3))
        tape.backward(from: loss.mean, scale: 100)
        return [loss.mean.detached, loss.perSample, prediction.node?.take()].compactMap { $0 }
      }
    }
  }

  static var optimizers: [DeviceCheck] {
    let count = 4097
    return [
      DeviceCheck(name: "norm, clip and AdamW") { make in
        let state = AdamState(
          parameters: make.parameters([count], seed: 1),
          gradient: make.parameters([count], seed: 2), first: make.parameters([count], seed: 3),
          second: make.parameters([count], seed: 4, deviation: 0.1, mean: 1))
        let norm = make.backend.norm(of: state.gradient)
        make.backend.clip(state.gradient, norm: norm, to: 1)
        let rates = AdamRates(
          learningRate: 1e-2, weightDecay: 0.1, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, step: 3)
        make.backend.adamW(
          state, rates: Tensor(rates.values, shape: [AdamRates.count], on: make.backend))
        return [norm, state.parameters, state.first, state.second]
      },
      DeviceCheck(name: "Lion") { make in
        let parts = (1...3).map { make.parameters([count], seed: $0) }
        make.backend.lion(
          parts[0], gradient: parts[1], momentum: parts[2],
          rates: Tensor([1e-2, 0.1, 0.9, 0.99], shape: [4], on: make.backend))
        return [parts[0], parts[2]]
      },
      DeviceCheck(name: "SGD with momentum") { make in
        let parts = (1...3).map { make.parameters([count], seed: $0) }
        make.backend.momentumSGD(
          parts[0], gradient: parts[1], momentum: parts[2],
          rates: Tensor([1e-2, 0.1, 0.9, 1], shape: [4], on: make.backend))
        return [parts[0], parts[2]]
      },
      DeviceCheck(name: "Prodigy") { make in
        let start = make.parameters([count], seed: 1)
        let state = ProdigyState(
          adam: AdamState(
            parameters: make.parameters([count], seed: 1),
            gradient: make.parameters([count], seed: 2),
            first: Tensor(zeros: [count], on: make.backend),
            second: Tensor(zeros: [count], on: make.backend)), origin: start,
          sums: Tensor(zeros: [count], on: make.backend),
          estimate: Tensor([1e-6, 1e-6, 0, 0], shape: [4], on: make.backend))
        let settings = ProdigySettings(
          rates: Tensor([1], shape: [1], on: make.backend), active: [0..<count])
        for _ in 0..<3 { make.backend.prodigy(state, settings: settings) }
        return [state.adam.parameters, state.estimate]
      },
      DeviceCheck(name: "Adafactor") { make in
        let tensor = FactoredTensor(offset: 0, rows: 17, columns: 241, moments: 0)
        let state = AdafactorState(
          parameters: make.parameters([count], seed: 1),
          gradient: make.parameters([count], seed: 2),
          moments: Tensor(zeros: [tensor.momentCount], on: make.backend), tensors: [tensor],
          momentum: nil)
        let rates: [Float] = [1e-2, 0.5, 0.01, 1, 1, 1e-30, 1e-3, 0]
        make.backend.adafactor(state, rates: Tensor(rates, shape: [8], on: make.backend))
        return [state.parameters, state.moments]
      },
      DeviceCheck(name: "limit of norms") { make in
        let parameters = make.parameters([1000], seed: 1)
        let product = LowRankProduct(
          down: 0, up: 400, rank: 4, inputs: 100, outputs: 150, scale: 0.5)
        make.backend.limitNorms(parameters, of: [product], to: 1)
        return [parameters]
      },
    ]
  }
}
