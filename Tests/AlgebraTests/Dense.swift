import Foundation
import Tensors

/// A matrix in plain loops: what the tests compute is not computed by what they test.
struct Dense: Equatable {
  var rows: Int
  var columns: Int
  var elements: [Double]

  init(_ rows: Int, _ columns: Int, _ elements: [Double]) {
    self.rows = rows
    self.columns = columns
    self.elements = elements
  }

  init(_ rows: Int, _ columns: Int) {
    self.init(rows, columns, Array(repeating: 0, count: rows * columns))
  }

  subscript(i: Int, j: Int) -> Double {
    get { elements[i * columns + j] }
    set { elements[i * columns + j] = newValue }
  }

  var norm: Double { elements.reduce(0) { $0 + $1 * $1 }.squareRoot() }

  func scaled(by factor: Double) -> Dense { Dense(rows, columns, elements.map { $0 * factor }) }

  static func + (a: Dense, b: Dense) -> Dense {
    Dense(a.rows, a.columns, zip(a.elements, b.elements).map { $0 + $1 })
  }

  static func - (a: Dense, b: Dense) -> Dense { a + b.scaled(by: -1) }

  static func * (a: Dense, b: Dense) -> Dense {
    var result = Dense(a.rows, b.columns)
    for i in 0..<a.rows {
      for k in 0..<a.columns where a[i, k] != 0 {
        for j in 0..<b.columns { result[i, j] += a[i, k] * b[k, j] }
      }
    }
    return result
  }

  var transposed: Dense {
    var result = Dense(columns, rows)
    for i in 0..<rows {
      for j in 0..<columns { result[j, i] = self[i, j] }
    }
    return result
  }

  /// By one-sided rotations (Hestenes, 1958), largest first.
  var singularValues: [Double] {
    var a = rows >= columns ? self : transposed
    for _ in 0..<60 {
      var turned = false
      for p in 0..<a.columns {
        for q in p + 1..<max(a.columns, p + 1) {
          var (pp, qq, pq) = (0.0, 0.0, 0.0)
          for i in 0..<a.rows {
            pp += a[i, p] * a[i, p]
            qq += a[i, q] * a[i, q]
            pq += a[i, p] * a[i, q]
          }
          if abs(pq) <= 1e-15 * (pp * qq).squareRoot() { continue }
          turned = true
          let ratio = (qq - pp) / (2 * pq)
          let tangent = (ratio < 0 ? -1 : 1) / (abs(ratio) + (1 + ratio * ratio).squareRoot())
          let cosine = 1 / (1 + tangent * tangent).squareRoot()
          for i in 0..<a.rows {
            let (x, y) = (a[i, p], a[i, q])
            a[i, p] = cosine * (x - tangent * y)
            a[i, q] = cosine * (y + tangent * x)
          }
        }
      }
      if !turned { break }
    }
    return (0..<a.columns).map { column in
      (0..<a.rows).reduce(0) { $0 + a[$1, column] * a[$1, column] }.squareRoot()
    }.sorted(by: >)
  }
}

/// Random numbers of a test: uniform between −1 and 1.
func uniform(_ count: Int, seed: UInt64) -> [Double] {
  var generator = Philox(seed: seed, stream: 7)
  return (0..<count).map { _ in Double.random(in: -1...1, using: &generator) }
}
