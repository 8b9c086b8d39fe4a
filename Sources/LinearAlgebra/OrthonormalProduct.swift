import COpenBLAS
package import Tensors

/// A product up·down as left·core·right: orthonormal bases of its column and row spaces, and what
/// stands between them.
package struct OrthonormalProduct: Sendable {
  /// k × m: the basis of the column space, one vector in each row; k is the product's rank.
  package let leftRows: Matrix

  /// k × k.
  package let core: Matrix

  /// k × n: the basis of the row space.
  package let rightRows: Matrix

  package var rank: Int { core.rows }

  /// The square of the product's Frobenius norm.
  package var squaredNorm: Double { core.squaredNorm }

  /// Singular values below this share of the largest are no part of a space: 32-bit factors hold
  /// no more.
  private static let precision = 1e-7

  /// - Parameters:
  ///   - up: m × r.
  ///   - down: r × n.
  /// - Complexity: O((m + n)·r²); by Cholesky's factors of two Gram matrices where they are far from
  ///   singular, else by orthogonal factorizations.
  package init(of up: Matrix, _ down: Matrix) throws(LinearAlgebraError) {
    if let first = cholesky(of: gramOfColumns(up)), let second = cholesky(of: gramOfRows(down)) {
      leftRows = solution(lower: first, up.transposed)
      rightRows = solution(lower: second, down)
      core = product(transposed: first, second)
      return
    }
    let whole = try singularValueDecomposition(ofProduct: up, down)
    let least = (whole.values.first ?? 0) * Self.precision
    let values = Array(whole.values.prefix { $0 > least })
    leftRows = whole.left.prefix(columns: values.count).transposed
    rightRows = whole.right.rows(in: 0..<values.count)
    core = Matrix(identity: values.count).scalingRows(by: values)
  }
}

/// Returns L⁻¹·B.
func solution(lower: Matrix, _ b: Matrix) -> Matrix {
  var x = b
  if x.elements.isEmpty { return x }
  unsafe openBLAS.cblas_dtrsm(
    CblasRowMajor, CblasLeft, CblasLower, CblasNoTrans, CblasNonUnit, Int32(b.rows),
    Int32(b.columns), 1, lower.elements, Int32(lower.columns), &x.elements, Int32(b.columns))
  return x
}
