package import Tensors

// Questions about up·down answered without forming it: a 1280 × 1280 update of
// rank 16 is 16 × 16 once the two factors have been reduced.

/// Returns the inner product ⟨U₁D₁, U₂D₂⟩, the sum over all elements of both products.
///
/// ⟨U₁D₁, U₂D₂⟩ = tr(D₁ᵀU₁ᵀU₂D₂) = Σ (U₁ᵀU₂)∘(D₁D₂ᵀ).
///
/// - Complexity: O((m + n)·r₁·r₂).
package func innerProduct(
  _ up1: Matrix, _ down1: Matrix, _ up2: Matrix, _ down2: Matrix
) -> Double {
  let ups = product(transposed: up1, up2)
  let downs = product(down1, transposed: down2)
  return zip(ups.elements, downs.elements).reduce(0) { $0 + $1.0 * $1.1 }
}

/// Returns the square of the Frobenius norm of up·down.
///
/// Absolute error about 1e-16·‖up‖²·‖down‖².
///
/// - Complexity: O((m + n)·r²).
package func squaredNorm(ofProduct up: Matrix, _ down: Matrix) -> Double {
  let ups = gramOfColumns(up)
  let downs = gramOfRows(down)
  return max(0, zip(ups.elements, downs.elements).reduce(0) { $0 + $1.0 * $1.1 })
}

/// The norm that rounding may leave of up·down where in exact numbers all of it cancels.
package func roundingNoise(ofProduct up: Matrix, _ down: Matrix) -> Double {
  8 * Double.ulpOfOne * (up.squaredNorm * down.squaredNorm).squareRoot()
}

/// Returns the singular values of up·down, largest first; min(m, r, n) of them.
///
/// With UᵀU = LLᵀ they are the square roots of the eigenvalues of Lᵀ(DDᵀ)L, an r × r matrix: half
/// the work of two orthogonal factorizations, at the price of an absolute error of about
/// 1e-8·‖up‖·‖down‖. That is below what 32-bit factors hold; where it decides something, take the
/// decomposition's values.
///
/// - Parameters:
///   - up: m × r.
///   - down: r × n.
/// - Complexity: O((m + n)·r² + r³).
package func singularValues(
  ofProduct up: Matrix, _ down: Matrix
) throws(LinearAlgebraError) -> [Double] {
  precondition(up.columns == down.rows, "up has rank \(up.columns), down has rank \(down.rows)")
  let count = min(up.rows, up.columns, down.columns)
  let (root, order) = try pivotedRoot(of: gramOfColumns(up))
  let downs = gramOfRows(down).permuted(by: order)
  let core = product(transposed: root, product(downs, root))
  let values = try eigenvalues(ofSymmetric: core).map { max(0, $0).squareRoot() }
  return Array((values + Array(repeating: 0, count: count)).prefix(count))
}

/// Returns the singular value decomposition of up·down: k = min(m, r, n).
///
/// Signs are fixed so that the bytes repeat: of each left vector the first element of largest
/// magnitude is positive. Values below what rounding makes of factors that cancel are 0.
///
/// - Complexity: O((m + n)·r²).
package func singularValueDecomposition(
  ofProduct up: Matrix, _ down: Matrix
) throws(LinearAlgebraError) -> SingularValueDecomposition {
  precondition(up.columns == down.rows, "up has rank \(up.columns), down has rank \(down.rows)")
  let first = try orthogonalFactorization(of: up.transposed)
  let second = try orthogonalFactorization(of: down)
  let small = try singularValueDecomposition(of: product(transposed: first.lower, second.lower))
  let noise = roundingNoise(ofProduct: up, down)
  return SingularValueDecomposition(
    left: product(transposed: first.orthonormal, small.left),
    values: small.values.map { $0 > noise ? $0 : 0 },
    right: product(small.right, second.orthonormal)
  ).withFixedSigns()
}

extension SingularValueDecomposition {
  /// The same with the sign of each pair of vectors chosen by a rule.
  package func withFixedSigns() -> SingularValueDecomposition {
    var peaks = [Double](repeating: 0, count: left.columns)
    for i in 0..<left.rows {
      let row = i * left.columns
      for j in peaks.indices where abs(left.elements[row + j]) > abs(peaks[j]) {
        peaks[j] = left.elements[row + j]
      }
    }
    if peaks.allSatisfy({ $0 >= 0 }) { return self }
    let signs = peaks.map { $0 < 0 ? -1.0 : 1.0 }
    return SingularValueDecomposition(
      left: left.scalingColumns(by: signs), values: values,
      right: right.scalingRows(by: signs))
  }

  /// The best approximation of a rank, √values in both factors.
  ///
  /// - Returns: up (m × rank) and down (rank × n).
  package func truncated(to rank: Int) -> (up: Matrix, down: Matrix) {
    let roots = values.prefix(rank).map { $0.squareRoot() }
    return (
      left.prefix(columns: rank).scalingColumns(by: roots),
      right.rows(in: 0..<rank).scalingRows(by: roots)
    )
  }
}
