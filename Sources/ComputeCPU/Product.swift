import LinearAlgebra

/// Rows of float32 elements in memory, `stride` apart, as a factor or the result of a product.
struct Block: Sendable {
  let values: Floats
  let stride: Int

  /// Whether a product takes the stored rows as columns.
  private(set) var isTransposed = false

  init(_ values: Floats, stride: Int) {
    self.values = values
    self.stride = stride
  }

  /// The stored rows from one on.
  func rows(from row: Int) -> Block { Block(values.from(row * stride), stride: stride) }

  /// The stored columns from one on.
  func columns(from column: Int) -> Block { Block(values.from(column), stride: stride) }

  var transposed: Block {
    var result = self
    result.isTransposed.toggle()
    return result
  }

  fileprivate var layout: FactorLayout {
    isTransposed ? .columns(every: stride) : .rows(every: stride)
  }
}

/// Computes c = alpha·a·b + beta·c on the calling thread.
///
/// - Parameters:
///   - a: m × k.
///   - b: k × n.
///   - c: m × n; with beta 0 it is only written.
func multiply(
  _ a: Block, _ b: Block, into c: Block, m: Int, n: Int, k: Int, alpha: Float = 1, beta: Float = 0
) {
  a.values.withSpan { aValues in
    b.values.withSpan { bValues in
      c.values.withMutableSpan { cValues in
        multiply(
          aValues, a.layout, bValues, b.layout, into: &cValues, stride: c.stride, m: m, n: n, k: k,
          alpha: alpha, beta: beta)
      }
    }
  }
}

/// Nanoseconds of one multiplication and addition in a product on one core.
let productCost: Float = 0.025
