import Foundation

/// A singular value decomposition in plain loops: U·diag(values)·Vᵀ.
struct DenseDecomposition {
  let left: Dense
  let values: [Double]

  /// Vᵀ.
  let right: Dense

  /// The triples above a share of the largest value, and some of them alone.
  func significant(_ count: Int = .max) -> DenseDecomposition {
    let kept = min(count, values.prefix { $0 > 1e-9 * (values.first ?? 0) }.count)
    return DenseDecomposition(
      left: left.columns(0..<kept), values: Array(values.prefix(kept)), right: right.rows(0..<kept))
  }
}

extension Dense {
  func columns(_ range: Range<Int>) -> Dense {
    var part = Dense(rows, range.count)
    for i in 0..<rows { for j in range { part[i, j - range.lowerBound] = self[i, j] } }
    return part
  }

  func rows(_ range: Range<Int>) -> Dense { transposed.columns(range).transposed }

  static func joiningColumns(_ parts: [Dense]) -> Dense {
    var whole = Dense(parts[0].rows, parts.reduce(0) { $0 + $1.columns })
    var start = 0
    for part in parts {
      for i in 0..<part.rows { for j in 0..<part.columns { whole[i, start + j] = part[i, j] } }
      start += part.columns
    }
    return whole
  }

  static func joiningRows(_ parts: [Dense]) -> Dense {
    joiningColumns(parts.map(\.transposed)).transposed
  }

  static func diagonal(_ values: [Double]) -> Dense {
    var matrix = Dense(values.count, values.count)
    for (i, value) in values.enumerated() { matrix[i, i] = value }
    return matrix
  }

  func dot(_ other: Dense) -> Double {
    zip(elements, other.elements).reduce(0) { $0 + $1.0 * $1.1 }
  }

  /// By one-sided rotations of the columns (Hestenes, 1958).
  var decomposition: DenseDecomposition {
    if rows < columns {
      let other = transposed.decomposition
      return DenseDecomposition(
        left: other.right.transposed, values: other.values, right: other.left.transposed)
    }
    var (a, v) = (self, Dense.diagonal(Array(repeating: 1, count: columns)))
    for _ in 0..<80 {
      var turned = false
      for p in 0..<columns {
        for q in p + 1..<max(columns, p + 1) {
          var (pp, qq, pq) = (0.0, 0.0, 0.0)
          for i in 0..<rows {
            pp += a[i, p] * a[i, p]
            qq += a[i, q] * a[i, q]
            pq += a[i, p] * a[i, q]
          }
          if abs(pq) <= 1e-15 * (pp * qq).squareRoot() { continue }
          turned = true
          let ratio = (qq - pp) / (2 * pq)
          let tangent = (ratio < 0 ? -1 : 1) / (abs(ratio) + (1 + ratio * ratio).squareRoot())
          a.turn(p, q, tangent)
          v.turn(p, q, tangent)
        }
      }
      if !turned { break }
    }
    let norms = (0..<columns).map { a.columns($0..<$0 + 1).norm }
    let order = norms.indices.sorted { norms[$0] > norms[$1] }
    let left = Dense.joiningColumns(
      order.map { a.columns($0..<$0 + 1).scaled(by: norms[$0] > 0 ? 1 / norms[$0] : 0) })
    return DenseDecomposition(
      left: left, values: order.map { norms[$0] },
      right: Dense.joiningColumns(order.map { v.columns($0..<$0 + 1) }).transposed)
  }

  private mutating func turn(_ p: Int, _ q: Int, _ tangent: Double) {
    let cosine = 1 / (1 + tangent * tangent).squareRoot()
    for i in 0..<rows {
      let (x, y) = (self[i, p], self[i, q])
      self[i, p] = cosine * (x - tangent * y)
      self[i, q] = cosine * (y + tangent * x)
    }
  }
}
