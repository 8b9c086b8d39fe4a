package import Compute

extension CPUBackend {
  /// Source: Shazeer and Stern, "Adafactor" (2018), as transformers 4.54 computes it.
  package func adafactor(_ state: AdafactorState, rates: Tensor) {
    let step = AdafactorStep(state, rates)
    forRanges(state.tensors.count, cost: 20_000) { range in
      for tensor in state.tensors[range] {
        withScratch(tensor.count) { step.run(tensor, $0) }
      }
    }
  }
}

private struct AdafactorStep: Sendable {
  private let p: Floats
  private let g: Floats
  private let moments: Floats
  private let momentum: Floats?
  private let rates: Floats

  init(_ state: AdafactorState, _ rates: Tensor) {
    (p, g, moments) = (Floats(state.parameters), Floats(state.gradient), Floats(state.moments))
    momentum = state.momentum.map { Floats($0) }
    self.rates = Floats(rates)
  }

  func run(_ tensor: FactoredTensor, _ update: Floats) {
    updateMoments(tensor)
    divide(tensor, into: update)
    let size = update.rootMeanSquare(0..<tensor.count)
    let clip = 1 / max(1, size / rates[3])
    let whole = tensor.offset..<tensor.offset + tensor.count
    let rate = rates[0] * (rates[4] != 0 ? max(rates[6], p.rootMeanSquare(whole)) : 1)
    for index in 0..<tensor.count {
      let place = tensor.offset + index
      var step = update[index] * clip * rate
      if let momentum {
        step = momentum[place] * rates[7] + step * (1 - rates[7])
        momentum[place] = step
      }
      p[place] = p[place] * (1 - rates[2] * rate) - step
    }
  }

  /// Row and column means of g² + ε, running on.
  private func updateMoments(_ tensor: FactoredTensor) {
    let beta = rates[1]
    forMatrices(tensor) { matrix, moment in
      for row in 0..<tensor.rows {
        let mean = (0..<tensor.columns).reduce(Float(0)) {
          $0 + square(matrix + (row * tensor.columns + $1) * tensor.inner)
        }
        moments[moment + row] =
          beta * moments[moment + row] + (1 - beta) * mean / Float(tensor.columns)
      }
      for column in 0..<tensor.columns {
        let mean = (0..<tensor.rows).reduce(Float(0)) {
          $0 + square(matrix + ($1 * tensor.columns + column) * tensor.inner)
        }
        let place = moment + tensor.rows + column
        moments[place] = beta * moments[place] + (1 - beta) * mean / Float(tensor.rows)
      }
    }
  }

  private func square(_ index: Int) -> Float { g[index] * g[index] + rates[5] }

  /// g / √(row · column / mean of rows).
  private func divide(_ tensor: FactoredTensor, into update: Floats) {
    forMatrices(tensor) { matrix, moment in
      let mean =
        (0..<tensor.rows).reduce(Float(0)) { $0 + moments[moment + $1] } / Float(tensor.rows)
      for row in 0..<tensor.rows {
        let rowFactor = 1 / (moments[moment + row] / mean).squareRoot()
        for column in 0..<tensor.columns {
          let index = matrix + (row * tensor.columns + column) * tensor.inner
          let columnFactor = 1 / moments[moment + tensor.rows + column].squareRoot()
          update[index - tensor.offset] = g[index] * rowFactor * columnFactor
        }
      }
    }
  }

  /// Calls `body` with where each matrix and its moments begin.
  private func forMatrices(_ tensor: FactoredTensor, _ body: (Int, Int) -> Void) {
    for outer in 0..<tensor.outer {
      for inner in 0..<tensor.inner {
        let matrix = outer * tensor.inner + inner
        body(
          tensor.offset + outer * tensor.rows * tensor.columns * tensor.inner + inner,
          tensor.moments + matrix * (tensor.rows + tensor.columns))
      }
    }
  }
}

extension Floats {
  fileprivate func rootMeanSquare(_ range: Range<Int>) -> Float {
    let sum = range.reduce(0.0) { $0 + Double(self[$1]) * Double(self[$1]) }
    return Float((sum / Double(range.count)).squareRoot())
  }
}
