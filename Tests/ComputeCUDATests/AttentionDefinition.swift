import Compute
import Foundation

/// Attention and its gradients by their definition, in float64: [b, tokens, width] of each.
struct AttentionDefinition {
  var y: [Double] = []
  var logSums: [Double] = []
  var dq: [Double] = []
  var dk: [Double] = []
  var dv: [Double] = []

  init(_ operands: AttentionOperands, gradient dy: Tensor) {
    let (width, heads) = (operands.width, operands.heads)
    let gradient = Columns(tensor: dy, first: 0)
    for sample in 0..<operands.samples {
      let parts = [operands.queries, operands.keys, operands.values, gradient].map {
        $0.matrix(sample, width: width)
      }
      let results = (0..<heads).map { head in
        Head(
          parts.map { Head.columns(of: $0, width: width, head: head, heads: heads) },
          isCausal: operands.isCausal)
      }
      y += Head.joined(results.map(\.y))
      dq += Head.joined(results.map(\.dq))
      dk += Head.joined(results.map(\.dk))
      dv += Head.joined(results.map(\.dv))
      logSums += results.flatMap(\.logSums)
    }
  }
}

extension Columns {
  /// A sample's rows of these columns, [tokens · width].
  func matrix(_ sample: Int, width: Int) -> [Double] {
    let values = tensor.values()
    return (0..<tokens).flatMap { token in
      let start = (sample * tokens + token) * stride + first
      return values[start..<start + width].map(Double.init)
    }
  }
}

/// One head of one sample; matrices are rows of rows.
private struct Head {
  typealias Matrix = [[Double]]
  var y: Matrix
  var dq: Matrix
  var dk: Matrix
  var dv: Matrix
  var logSums: [Double] = []

  /// - Parameter parts: q, k, v and dy.
  init(_ parts: [Matrix], isCausal: Bool) {
    let (q, k, v, dy) = (parts[0], parts[1], parts[2], parts[3])
    let zeros = [Double](repeating: 0, count: q[0].count)
    y = Matrix(repeating: zeros, count: q.count)
    dq = y
    dk = Matrix(repeating: zeros, count: k.count)
    dv = dk
    let scale = 1 / Double(zeros.count).squareRoot()
    for query in q.indices {
      let seen = isCausal ? 0..<min(query + 1, k.count) : 0..<k.count
      let scores = seen.map { scale * Self.product(q[query], k[$0]) }
      let largest = scores.max() ?? 0
      let logSum = largest + log(scores.reduce(0) { $0 + exp($1 - largest) })
      logSums.append(logSum)
      let weights = scores.map { exp($0 - logSum) }
      let slopes = seen.map { Self.product(dy[query], v[$0]) }
      let mean = zip(weights, slopes).reduce(0) { $0 + $1.0 * $1.1 }
      for key in seen {
        let slope = weights[key] * (slopes[key] - mean) * scale
        Self.add(weights[key], v[key], to: &y[query])
        Self.add(weights[key], dy[query], to: &dv[key])
        Self.add(slope, k[key], to: &dq[query])
        Self.add(slope, q[query], to: &dk[key])
      }
    }
  }

  static func columns(of matrix: [Double], width: Int, head: Int, heads: Int) -> Matrix {
    let size = width / heads
    return stride(from: head * size, to: matrix.count, by: width).map {
      Array(matrix[$0..<$0 + size])
    }
  }

  /// The heads' columns side by side, row by row.
  static func joined(_ heads: [Matrix]) -> [Double] {
    heads[0].indices.flatMap { row in heads.flatMap { $0[row] } }
  }

  private static func product(_ a: [Double], _ b: [Double]) -> Double {
    zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
  }

  private static func add(_ factor: Double, _ a: [Double], to sum: inout [Double]) {
    for index in a.indices { sum[index] += factor * a[index] }
  }
}
