import Compute
import Foundation

// Optimisers line by line in float64, for `OptimizerTests`.

/// Prodigy with d₀ 1e-3, decay 0.1 and learning rate 1, line by line.
struct PlainProdigy {
  let p0: [Double]
  var p: [Double]
  var m: [Double]
  var v: [Double]
  var s: [Double]
  var (d, largest, numerator, k) = (1e-3, 1e-3, 0.0, 0.0)
  let correctsBias: Bool

  init(start: [Double], correctsBias: Bool) {
    (p0, p) = (start, start)
    m = start.map { _ in 0 }
    (v, s) = (m, m)
    self.correctsBias = correctsBias
  }

  mutating func step(_ g: [Double]) {
    let (beta1, beta2) = (0.9, 0.999)
    let beta3 = beta2.squareRoot()
    let correction =
      correctsBias ? (1 - pow(beta2, k + 1)).squareRoot() / (1 - pow(beta1, k + 1)) : 1
    let rate = d * correction
    numerator =
      beta3 * numerator
      + p.indices.reduce(0) { $0 + d / 1e-3 * rate * g[$1] * (p0[$1] - p[$1]) }
    for i in p.indices {
      m[i] = beta1 * m[i] + d * (1 - beta1) * g[i]
      v[i] = beta2 * v[i] + d * d * (1 - beta2) * g[i] * g[i]
      s[i] = beta3 * s[i] + d / 1e-3 * rate * g[i]
    }
    let guess = numerator / s.reduce(0) { $0 + abs($1) }
    let grown = d == 1e-3 ? max(d, guess) : d
    largest = max(largest, guess)
    d = min(largest, grown * .infinity)
    for i in p.indices {
      p[i] -= 0.1 * rate * p[i]
      p[i] -= rate * m[i] / (v[i].squareRoot() + d * 1e-8)
    }
    k += 1
  }
}

/// One step of Adafactor on one tensor, with decay 0.1 and everything scaled by the parameters.
func plainAdafactor(
  _ tensor: FactoredTensor, _ g: [Double], _ rho: Double, _ beta: Double, _ p: inout [Double],
  _ moments: inout [Double]
) {
  let (rows, columns) = (tensor.rows, tensor.columns)
  var update = [Double](repeating: 0, count: tensor.count)
  for matrix in 0..<tensor.outer {
    let start = tensor.offset + matrix * rows * columns
    let place = tensor.moments + matrix * (rows + columns)
    func square(_ row: Int, _ column: Int) -> Double {
      pow(g[start + row * columns + column], 2) + 1e-30
    }
    for row in 0..<rows {
      let mean = (0..<columns).reduce(0) { $0 + square(row, $1) } / Double(columns)
      moments[place + row] = beta * moments[place + row] + (1 - beta) * mean
    }
    for column in 0..<columns {
      let mean = (0..<rows).reduce(0) { $0 + square($1, column) } / Double(rows)
      let index = place + rows + column
      moments[index] = beta * moments[index] + (1 - beta) * mean
    }
    let rowMean = (0..<rows).reduce(0) { $0 + moments[place + $1] } / Double(rows)
    for row in 0..<rows {
      for column in 0..<columns {
        let product = moments[place + row] / rowMean * moments[place + rows + column]
        let index = row * columns + column
        update[matrix * rows * columns + index] = g[start + index] / product.squareRoot()
      }
    }
  }
  func size(_ values: some Collection<Double>) -> Double {
    (values.reduce(0) { $0 + $1 * $1 } / Double(values.count)).squareRoot()
  }
  let clip = max(1, size(update))
  let range = tensor.offset..<tensor.offset + tensor.count
  let rate = rho * max(1e-3, size(p[range]))
  for (index, place) in range.enumerated() {
    p[place] = p[place] * (1 - 0.1 * rate) - rate * update[index] / clip
  }
}
