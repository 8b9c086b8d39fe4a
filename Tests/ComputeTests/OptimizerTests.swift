import Compute
import Foundation
import Tensors
import TestSupport
import Testing

/// Each optimiser against its formulas (training specification 4.1) in float64, over three steps.
@Suite struct OptimizerTests {
  static let count = 37
  static let gradients = (0..<3).map { random([count], seed: UInt64(20 + $0)).map { 0.1 * $0 } }
  static let start = random([count], seed: 10)

  @Test(arguments: TestBackends.available)
  func normAndClip(_ device: TestBackend) {
    let backend = device.backend
    let values = random([5000], seed: 1)
    let size = values.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
    let gradient = Tensor(values, shape: [5000], on: backend)
    let norm = backend.norm(of: gradient)
    expect(norm.values().map(Double.init), approximates: [size], within: 1e-6)
    backend.clip(gradient, norm: norm, to: 1000)
    #expect(gradient.values() == values)
    backend.clip(gradient, norm: norm, to: 1)
    expect(
      gradient.values().map(Double.init), approximates: values.map { Double($0) / (size + 1e-6) },
      within: 1e-6)
  }

  @Test(arguments: TestBackends.available)
  func adamW(_ device: TestBackend) {
    let backend = device.backend
    let state = AdamState.start(on: backend)
    var (p, m, v) = (Self.start.map(Double.init), zeros, zeros)
    for (index, gradient) in Self.gradients.enumerated() {
      state.gradient.write(gradient)
      let rates = AdamRates(
        learningRate: 0.01, weightDecay: 0.1, beta1: 0.9, beta2: 0.99, epsilon: 1e-8,
        step: index + 1)
      backend.adamW(state, rates: Tensor(rates.values, shape: [AdamRates.count], on: backend))
      for i in p.indices {
        let g = Double(gradient[i])
        p[i] *= 1 - 0.01 * 0.1
        m[i] = 0.9 * m[i] + 0.1 * g
        v[i] = 0.99 * v[i] + 0.01 * g * g
        let t = Double(index + 1)
        let root = v[i].squareRoot() / (1 - pow(0.99, t)).squareRoot()
        p[i] -= 0.01 / (1 - pow(0.9, t)) * m[i] / (root + 1e-8)
      }
    }
    expect(state.parameters.values().map(Double.init), approximates: p, within: 1e-6)
  }

  @Test(arguments: TestBackends.available)
  func lion(_ device: TestBackend) {
    let backend = device.backend
    let state = AdamState.start(on: backend)
    var (p, m) = (Self.start.map(Double.init), zeros)
    let rates = Tensor([0.01, 0.1, 0.9, 0.99], shape: [4], on: backend)
    for gradient in Self.gradients {
      state.gradient.write(gradient)
      backend.lion(
        state.parameters, gradient: state.gradient, momentum: state.first, rates: rates)
      for i in p.indices {
        let g = Double(gradient[i])
        let direction = 0.9 * m[i] + 0.1 * g
        p[i] = p[i] * (1 - 0.001) - 0.01 * (direction > 0 ? 1 : direction < 0 ? -1 : 0)
        m[i] = 0.99 * m[i] + 0.01 * g
      }
    }
    expect(state.parameters.values().map(Double.init), approximates: p, within: 1e-6)
  }

  @Test(arguments: TestBackends.available, [false, true])
  func momentumSGD(_ device: TestBackend, nesterov: Bool) {
    let backend = device.backend
    let state = AdamState.start(on: backend)
    var (p, m) = (Self.start.map(Double.init), zeros)
    let rates = Tensor([0.01, 0.1, 0.9, nesterov ? 1 : 0], shape: [4], on: backend)
    for gradient in Self.gradients {
      state.gradient.write(gradient)
      backend.momentumSGD(
        state.parameters, gradient: state.gradient, momentum: state.first, rates: rates)
      for i in p.indices {
        let g = Double(gradient[i]) + 0.1 * p[i]
        m[i] = 0.9 * m[i] + g
        p[i] -= 0.01 * (nesterov ? g + 0.9 * m[i] : m[i])
      }
    }
    expect(state.parameters.values().map(Double.init), approximates: p, within: 1e-6)
  }

  @Test(arguments: TestBackends.available, [false, true])
  func prodigy(_ device: TestBackend, correctsBias: Bool) {
    let backend = device.backend
    let adam = AdamState.start(on: backend)
    let state = ProdigyState(
      adam: adam, origin: Tensor(Self.start, shape: [Self.count], on: backend),
      sums: Tensor(zeros: [Self.count], on: backend),
      estimate: Tensor([1e-3, 1e-3, 0, 0], shape: [4], on: backend))
    var settings = ProdigySettings(
      rates: Tensor([1], shape: [1], on: backend), active: [0..<20, 20..<Self.count])
    settings.initialEstimate = 1e-3
    settings.weightDecay = 0.1
    settings.correctsBias = correctsBias
    var reference = PlainProdigy(start: Self.start.map(Double.init), correctsBias: correctsBias)
    for gradient in Self.gradients {
      adam.gradient.write(gradient)
      backend.prodigy(state, settings: settings)
      reference.step(gradient.map(Double.init))
    }
    expect(
      zip(adam.parameters.values(), Self.start).map { Double($0 - $1) },
      approximates: zip(reference.p, Self.start).map { $0 - Double($1) }, within: 1e-3)
    expect([Double(state.estimate.values()[0])], approximates: [reference.d], within: 1e-4)
  }

  @Test(
    "Adafactor on a matrix, a 3 × 3 kernel and single numbers", arguments: TestBackends.available)
  func adafactor(_ device: TestBackend) {
    let backend = device.backend
    let tensors = [
      FactoredTensor(offset: 0, rows: 3, columns: 5, moments: 0),
      FactoredTensor(offset: 15, outer: 2, rows: 3, columns: 3, inner: 1, moments: 8),
      FactoredTensor(offset: 33, outer: 4, rows: 1, columns: 1, moments: 20),
    ]
    let state = AdafactorState(
      parameters: Tensor(Self.start, shape: [Self.count], on: backend),
      gradient: Tensor(zeros: [Self.count], on: backend),
      moments: Tensor(zeros: [28], on: backend), tensors: tensors, momentum: nil)
    var p = Self.start.map(Double.init)
    var moments = [Double](repeating: 0, count: 28)
    for (index, gradient) in Self.gradients.enumerated() {
      let t = Double(index + 1)
      let (rho, beta) = (min(1e-2, 1 / t.squareRoot()), 1 - pow(t, -0.8))
      let rates = [Float(rho), Float(beta), 0.1, 1, 1, 1e-30, 1e-3, 0]
      state.gradient.write(gradient)
      backend.adafactor(state, rates: Tensor(rates, shape: [8], on: backend))
      for tensor in tensors {
        plainAdafactor(tensor, gradient.map(Double.init), rho, beta, &p, &moments)
      }
    }
    expect(state.parameters.values().map(Double.init), approximates: p, within: 1e-6)
  }

  @Test("norms above the limit come down to it", arguments: TestBackends.available)
  func limitNorms(_ device: TestBackend) {
    let backend = device.backend
    let values = random([2 * 7 + 2 * 5], seed: 3)
    let product = LowRankProduct(down: 0, up: 14, rank: 2, inputs: 7, outputs: 5, scale: 0.5)
    func norm(_ values: [Float]) -> Double {
      var sum = 0.0
      for output in 0..<5 {
        for input in 0..<7 {
          let value = (0..<2).reduce(0.0) {
            $0 + 0.5 * Double(values[14 + output * 2 + $1]) * Double(values[$1 * 7 + input])
          }
          sum += value * value
        }
      }
      return sum.squareRoot()
    }
    let before = norm(values)
    for (limit, expected) in [(before * 2, before), (before / 3, before / 3)] {
      let parameters = Tensor(values, shape: [24], on: backend)
      backend.limitNorms(parameters, of: [product], to: Float(limit))
      expect([norm(parameters.values())], approximates: [expected], within: 1e-5)
    }
  }

  private var zeros: [Double] { [Double](repeating: 0, count: Self.count) }
}

extension AdamState {
  fileprivate static func start(on backend: any Backend) -> AdamState {
    let count = OptimizerTests.count
    return AdamState(
      parameters: Tensor(OptimizerTests.start, shape: [count], on: backend),
      gradient: Tensor(zeros: [count], on: backend), first: Tensor(zeros: [count], on: backend),
      second: Tensor(zeros: [count], on: backend))
  }
}
