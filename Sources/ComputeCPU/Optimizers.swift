package import Compute

extension CPUBackend {
  package func norm(of gradient: Tensor, into norm: Tensor) {
    let gradient = Floats(gradient)
    Floats(norm)[0] = Float(
      sum(gradient.count) { gradient[$0, $1] * gradient[$0, $1] }.squareRoot())
  }

  package func clip(_ gradient: Tensor, norm: Tensor, to limit: Float) {
    let factor = limit / (Floats(norm)[0] + 1e-6)
    if factor >= 1 { return }
    let gradient = Floats(gradient)
    forRanges(gradient.count, cost: 0.15, step: 16) { range in
      forVectors(range) { gradient[$0, $1] = gradient[$0, $1] * factor }
    }
  }

  package func adamW(_ state: AdamState, rates: Tensor) {
    let rates = Floats(rates)
    let (p, g) = (Floats(state.parameters), Floats(state.gradient))
    let (m, v) = (Floats(state.first), Floats(state.second))
    let (rate, decay, beta1, beta2) = (rates[0], 1 - rates[0] * rates[1], rates[2], rates[3])
    let (epsilon, first, second) = (rates[4], rates[5], rates[6])
    forRanges(p.count, cost: 1, step: 16) { range in
      forVectors(range) { index, lanes in
        let gradient = g[index, lanes]
        let moment = m[index, lanes] * beta1 + gradient * (1 - beta1)
        let square = v[index, lanes] * beta2 + gradient * gradient * (1 - beta2)
        m[index, lanes] = moment
        v[index, lanes] = square
        p[index, lanes] =
          p[index, lanes] * decay
          - moment * (rate * first) / (square.squareRoot() * second + epsilon)
      }
    }
  }

  package func lion(_ parameters: Tensor, gradient: Tensor, momentum: Tensor, rates: Tensor) {
    let rates = Floats(rates)
    let (p, g, m) = (Floats(parameters), Floats(gradient), Floats(momentum))
    let (rate, decay, beta1, beta2) = (rates[0], 1 - rates[0] * rates[1], rates[2], rates[3])
    forRanges(p.count, cost: 1, step: 16) { range in
      forVectors(range) { index, lanes in
        let (gradient, moment) = (g[index, lanes], m[index, lanes])
        let direction = moment * beta1 + gradient * (1 - beta1)
        let sign = Vector().replacing(with: 1, where: direction .> 0)
          .replacing(with: -1, where: direction .< 0)
        p[index, lanes] = p[index, lanes] * decay - sign * rate
        m[index, lanes] = moment * beta2 + gradient * (1 - beta2)
      }
    }
  }

  package func momentumSGD(
    _ parameters: Tensor, gradient: Tensor, momentum: Tensor, rates: Tensor
  ) {
    let rates = Floats(rates)
    let (p, g, m) = (Floats(parameters), Floats(gradient), Floats(momentum))
    let (rate, decay, factor, nesterov) = (rates[0], rates[1], rates[2], rates[3])
    forRanges(p.count, cost: 1, step: 16) { range in
      forVectors(range) { index, lanes in
        let gradient = g[index, lanes] + p[index, lanes] * decay
        let moment = m[index, lanes] * factor + gradient
        m[index, lanes] = moment
        let direction = nesterov != 0 ? gradient + moment * factor : moment
        p[index, lanes] = p[index, lanes] - direction * rate
      }
    }
  }

  package func limitNorms(_ parameters: Tensor, of products: [LowRankProduct], to limit: Float) {
    let values = Floats(parameters)
    forRanges(products.count, cost: 20_000) { range in
      for product in products[range] {
        let norm = abs(product.scale) * values.norm(of: product)
        let bounded = max(norm, limit / 2)
        let ratio = min(bounded, limit) / bounded
        if ratio == 1 { continue }
        let factor = ratio.squareRoot()
        for (start, count) in [
          (product.down, product.rank * product.inputs),
          (product.up, product.rank * product.outputs),
        ] {
          forVectors(start..<start + count) { values[$0, $1] = values[$0, $1] * factor }
        }
      }
    }
  }

  /// Σ over all elements, in float64 from block to block.
  func sum(_ count: Int, _ term: (Int, Int) -> Vector) -> Double {
    var total = 0.0
    for block in stride(from: 0, to: count, by: 4096) {
      var sum = Vector()
      forVectors(block..<min(block + 4096, count)) { sum += term($0, $1) }
      total += Double(sum.sum())
    }
    return total
  }
}

extension Floats {
  /// ‖U·D‖ from the r × r matrices UᵀU and DDᵀ: the sum of their products, element by element.
  fileprivate func norm(of product: LowRankProduct) -> Float {
    let (rank, inputs) = (product.rank, product.inputs)
    var sum = 0.0
    for i in 0..<rank {
      for j in 0..<rank {
        var (up, down) = (0.0, 0.0)
        for output in 0..<product.outputs {
          up +=
            Double(self[product.up + output * rank + i])
            * Double(self[product.up + output * rank + j])
        }
        for input in 0..<inputs {
          down +=
            Double(self[product.down + i * inputs + input])
            * Double(self[product.down + j * inputs + input])
        }
        sum += up * down
      }
    }
    return Float(max(0, sum).squareRoot())
  }
}
