import Diffusion
import Foundation

@testable import Train

// Optimisers line by line in float64, for `OptimizerLoopTests`: the training specification's 4.1.

/// A rule of the update with what it keeps between steps.
protocol PlainRule {
  /// Moves the weights along a clipped gradient; `t` counts from 1.
  mutating func step(_ p: inout [Double], _ g: [Double], rate: Double, t: Int)
}

struct PlainAdamW: PlainRule {
  var m: [Double] = []
  var v: [Double] = []

  mutating func step(_ p: inout [Double], _ g: [Double], rate: Double, t: Int) {
    if m.isEmpty { (m, v) = (g.map { _ in 0 }, g.map { _ in 0 }) }
    for i in p.indices {
      p[i] *= 1 - rate * 0.1
      m[i] = 0.9 * m[i] + 0.1 * g[i]
      v[i] = 0.99 * v[i] + 0.01 * g[i] * g[i]
      let root = v[i].squareRoot() / (1 - pow(0.99, Double(t))).squareRoot()
      p[i] -= rate / (1 - pow(0.9, Double(t))) * m[i] / (root + 1e-8)
    }
  }
}

struct PlainLion: PlainRule {
  var m: [Double] = []

  mutating func step(_ p: inout [Double], _ g: [Double], rate: Double, t: Int) {
    if m.isEmpty { m = g.map { _ in 0 } }
    for i in p.indices {
      let c = 0.9 * m[i] + 0.1 * g[i]
      p[i] *= 1 - rate * 0.1
      p[i] -= rate * (c > 0 ? 1 : c < 0 ? -1 : 0)
      m[i] = 0.99 * m[i] + 0.01 * g[i]
    }
  }
}

/// SGD with Nesterov's momentum of 0.9 and decay of 0.1, as torch has it.
struct PlainNesterov: PlainRule {
  var m: [Double] = []

  mutating func step(_ p: inout [Double], _ g: [Double], rate: Double, t: Int) {
    if m.isEmpty { m = g.map { _ in 0 } }
    for i in p.indices {
      let slope = g[i] + 0.1 * p[i]
      m[i] = 0.9 * m[i] + slope
      p[i] -= rate * (slope + 0.9 * m[i])
    }
  }
}

/// Prodigy with d₀ 1e-3; steps without a rate change nothing.
struct PlainProdigyRun: PlainRule {
  static let d0 = 1e-3
  var origin: [Double] = []
  var m: [Double] = []
  var v: [Double] = []
  var s: [Double] = []
  var (d, largest, numerator) = (d0, d0, 0.0)

  mutating func step(_ p: inout [Double], _ g: [Double], rate: Double, t: Int) {
    if m.isEmpty {
      origin = p
      m = g.map { _ in 0 }
      (v, s) = (m, m)
    }
    guard rate > 0 else { return }
    let (step, beta3) = (d * rate, 0.999.squareRoot())
    let product = p.indices.reduce(0) { $0 + g[$1] * (origin[$1] - p[$1]) }
    numerator = beta3 * numerator + d / Self.d0 * step * product
    for i in p.indices {
      m[i] = 0.9 * m[i] + d * 0.1 * g[i]
      v[i] = 0.999 * v[i] + d * d * 0.001 * g[i] * g[i]
      s[i] = beta3 * s[i] + d / Self.d0 * step * g[i]
    }
    let guess = numerator / s.reduce(0) { $0 + abs($1) }
    if d == Self.d0 { d = max(d, guess) }
    largest = max(largest, guess)
    d = min(largest, d * .infinity)
    for i in p.indices { p[i] -= step * m[i] / (v[i].squareRoot() + d * 1e-8) }
  }
}

/// Adafactor with rates that are given, scaled by the parameters; matrices as a file has them.
struct PlainAdafactorRun: PlainRule {
  /// A tensor: where it begins, and the extents of the matrices that it is factored in.
  struct Tensor {
    let start: Int
    let outer: Int
    let rows: Int
    let columns: Int

    var count: Int { outer * rows * columns }
  }

  let tensors: [Tensor]
  var rowMeans: [Int: [Double]] = [:]
  var columnMeans: [Int: [Double]] = [:]

  init(_ modules: AdaptedModules) {
    tensors = modules.modules.flatMap { module in
      let isLinear = module.layer.kind == .linear
      let (rank, inputs, outputs) = (module.rank, module.layer.inputs, module.layer.outputs)
      return [
        Tensor(
          start: module.down, outer: isLinear ? 1 : rank * inputs, rows: isLinear ? rank : 1,
          columns: isLinear ? inputs : 1),
        Tensor(
          start: module.up, outer: isLinear ? 1 : rank * outputs, rows: isLinear ? outputs : 1,
          columns: isLinear ? rank : 1),
      ]
    }
  }

  mutating func step(_ p: inout [Double], _ g: [Double], rate: Double, t: Int) {
    for tensor in tensors { step(tensor, &p, g, rate, beta: 1 - pow(Double(t), -0.8)) }
  }

  private mutating func step(
    _ tensor: Tensor, _ p: inout [Double], _ g: [Double], _ rate: Double, beta: Double
  ) {
    var update = [Double](repeating: 0, count: tensor.count)
    for matrix in 0..<tensor.outer {
      let first = tensor.start + matrix * tensor.rows * tensor.columns
      func square(_ row: Int, _ column: Int) -> Double {
        pow(g[first + row * tensor.columns + column], 2) + 1e-30
      }
      let rowsNow = (0..<tensor.rows).map { row in
        (0..<tensor.columns).reduce(0) { $0 + square(row, $1) } / Double(tensor.columns)
      }
      let columnsNow = (0..<tensor.columns).map { column in
        (0..<tensor.rows).reduce(0) { $0 + square($1, column) } / Double(tensor.rows)
      }
      let rows = Self.running(&rowMeans[first, default: []], rowsNow, beta)
      let columns = Self.running(&columnMeans[first, default: []], columnsNow, beta)
      let mean = rows.reduce(0, +) / Double(rows.count)
      for row in rows.indices {
        for column in columns.indices {
          let index = first + row * tensor.columns + column
          update[index - tensor.start] =
            g[index] / (rows[row] / mean).squareRoot() / columns[column].squareRoot()
        }
      }
    }
    let range = tensor.start..<tensor.start + tensor.count
    let clip = max(1, Self.size(update[...]))
    let alpha = rate * max(1e-3, Self.size(p[range]))
    for index in range { p[index] -= alpha * update[index - tensor.start] / clip }
  }

  private static func running(
    _ means: inout [Double], _ now: [Double], _ beta: Double
  ) -> [Double] {
    if means.isEmpty { means = now.map { _ in 0 } }
    means = zip(means, now).map { beta * $0 + (1 - beta) * $1 }
    return means
  }

  private static func size(_ values: ArraySlice<Double>) -> Double {
    (values.reduce(0) { $0 + $1 * $1 } / Double(values.count)).squareRoot()
  }
}
