import COpenBLAS
package import Tensors

/// The singular value decomposition of up·down; vectors are formed on request, since most callers
/// discard most of them.
///
/// With UᵀU = L₁L₁ᵀ and DDᵀ = L₂L₂ᵀ (Cholesky), UD = (U·L₁⁻ᵀ)(L₁ᵀL₂)(L₂⁻¹·D), whose outer factors
/// are orthonormal: two Gram matrices and work on r × r, instead of two orthogonal factorizations of
/// long factors. A Gram matrix squares the condition number, so factors with nearly dependent
/// columns take orthogonal factorizations.
package struct ProductDecomposition: Sendable {
  private enum Vectors: Sendable {
    case formed(SingularValueDecomposition)

    /// The factors and their roots L₁, L₂, and the decomposition of L₁ᵀL₂.
    case implied(up: Root, down: Root, core: SingularValueDecomposition)
  }

  private struct Root: Sendable {
    let factor: Matrix
    let lower: Matrix
  }

  /// Largest first; min(m, r, n) of them.
  package let values: [Double]
  private let vectors: Vectors

  /// - Parameters:
  ///   - up: m × r.
  ///   - down: r × n.
  /// - Complexity: O((m + n)·r² + r³).
  package init(of up: Matrix, _ down: Matrix) throws(LinearAlgebraError) {
    precondition(up.columns == down.rows, "up has rank \(up.columns), down has rank \(down.rows)")
    if let first = cholesky(of: gramOfColumns(up)), let second = cholesky(of: gramOfRows(down)) {
      let core = try singularValueDecomposition(of: product(transposed: first, second))
      values = core.values
      vectors = .implied(
        up: Root(factor: up, lower: first), down: Root(factor: down, lower: second), core: core)
    } else {
      let whole = try singularValueDecomposition(ofProduct: up, down)
      values = whole.values
      vectors = .formed(whole)
    }
  }

  /// The largest values with their vectors, signs fixed.
  ///
  /// - Complexity: O((m + n)·r·count).
  package func leading(_ count: Int) -> SingularValueDecomposition {
    switch vectors {
    case .formed(let whole): whole.prefix(count)
    case .implied(let up, let down, let core):
      SingularValueDecomposition(
        left: product(up.factor, solution(core.left.prefix(columns: count), CblasLeft, up.lower)),
        values: Array(values.prefix(count)),
        right: product(
          solution(core.right.rows(in: 0..<count), CblasRight, down.lower), down.factor)
      ).withFixedSigns()
    }
  }
}

/// Returns L of A = LLᵀ; `nil` where A holds NaN, or where a row of L ends in less than a
/// thousandth of its length: what is kept then has ten digits and more.
func cholesky(of matrix: Matrix) -> Matrix? {
  let n = matrix.rows
  guard n > 0, matrix.isFinite else { return nil }
  var lower = matrix
  // Column-major, U is our lower triangle.
  let info = unsafe openBLAS.LAPACKE_dpotrf(
    LAPACK_COL_MAJOR, letter("U"), Int32(n), &lower.elements, Int32(n))
  precondition(info >= 0, "dpotrf: argument \(-info) is wrong")
  if info > 0 { return nil }
  for i in 0..<n {
    if lower[i, i] < 1e-3 * matrix[i, i].squareRoot() { return nil }
    for j in i + 1..<n { lower[i, j] = 0 }
  }
  return lower
}

/// Returns L⁻ᵀ·B, or B·L⁻¹.
private func solution(_ b: Matrix, _ side: CBLAS_SIDE, _ lower: Matrix) -> Matrix {
  var x = b
  if x.elements.isEmpty { return x }
  unsafe openBLAS.cblas_dtrsm(
    CblasRowMajor, side, CblasLower, side == CblasLeft ? CblasTrans : CblasNoTrans, CblasNonUnit,
    Int32(b.rows), Int32(b.columns), 1, lower.elements, Int32(lower.columns), &x.elements,
    Int32(b.columns))
  return x
}
