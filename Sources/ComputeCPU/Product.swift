import LinearAlgebra

/// Computes c = alpha·a·b + beta·c on the calling thread.
///
/// - Parameters:
///   - a: m × k, once it is read as `aLayout` says.
///   - b: k × n.
///   - c: m × n in rows `stride` apart.
func multiply(
  _ a: Floats, _ aLayout: FactorLayout, _ b: Floats, _ bLayout: FactorLayout, into c: Floats,
  stride: Int,
  m: Int, n: Int, k: Int, alpha: Float = 1, beta: Float = 0
) {
  a.withSpan { a in
    b.withSpan { b in
      c.withMutableSpan { c in
        multiply(
          a, aLayout, b, bLayout, into: &c, stride: stride, m: m, n: n, k: k, alpha: alpha,
          beta: beta)
      }
    }
  }
}

/// Nanoseconds of one multiplication and addition in a product on one core.
let productCost: Float = 0.025
