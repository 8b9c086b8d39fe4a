package import Compute

extension Activation {
  @_transparent
  func value(_ x: Vector) -> Vector {
    switch self {
    case .silu: x * sigmoid(x)
    case .gelu: x * normalDistribution(x).probability
    case .quickGELU: x * sigmoid(1.702 * x)
    }
  }

  @_transparent
  func derivative(_ x: Vector) -> Vector {
    switch self {
    case .silu:
      let s = sigmoid(x)
      return s * (1 + x * (1 - s))
    case .gelu:
      let (probability, density) = normalDistribution(x)
      return probability.addingProduct(x, density)
    case .quickGELU:
      let s = sigmoid(1.702 * x)
      return s * (1 + 1.702 * x * (1 - s))
    }
  }
}

extension CPUBackend {
  package func activate(_ x: Tensor, _ activation: Activation, into y: Tensor) {
    let (x, y) = (Floats(x), Floats(y))
    forRanges(y.count, cost: 1, step: 16) { range in
      for (index, lanes) in Vectors(range) {
        y[index, lanes] = activation.value(x[index, lanes])
      }
    }
  }

  package func activateBackward(
    _ x: Tensor, _ activation: Activation, gradient dy: Tensor, into dx: Tensor, accumulating: Bool
  ) {
    let (x, dy, dx) = (Floats(x), Floats(dy), Floats(dx))
    forRanges(dx.count, cost: 1, step: 16) { range in
      for (index, lanes) in Vectors(range) {
        let value = dy[index, lanes] * activation.derivative(x[index, lanes])
        dx[index, lanes] = accumulating ? dx[index, lanes] + value : value
      }
    }
  }
}
