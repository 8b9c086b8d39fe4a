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
private func solution(lower: Matrix, _ b: Matrix) -> Matrix {
  var x = b
  if x.elements.isEmpty { return x }
  unsafe openBLAS.cblas_dtrsm(
    CblasRowMajor, CblasLeft, CblasLower, CblasNoTrans, CblasNonUnit, Int32(b.rows),
    Int32(b.columns), 1, lower.elements, Int32(lower.columns), &x.elements, Int32(b.columns))
  return x
}

/// Returns the inner products of all rows of some matrices of one width.
///
/// Up to 128 rows in 64 bits; of more the products are taken in 32 bits, and summed in 64 over
/// pieces of 2048 columns: for rows of length 1 the error is about 1e-7.
///
/// - Returns: Symmetric, as many rows and columns as there are rows in all.
/// - Complexity: rows²·columns floating-point operations.
package func gramOfRows(of parts: [Matrix]) -> Matrix {
  let rows = parts.reduce(0) { $0 + $1.rows }
  if rows <= 128 { return gramOfRows(Matrix.joiningRows(parts)) }
  let columns = parts[0].columns
  var elements: [Float] = []
  elements.reserveCapacity(rows * columns)
  for part in parts { elements += part.elements.lazy.map { Float($0) } }
  var sum = Matrix(zeros: rows, rows)
  var piece = [Float](repeating: 0, count: rows * rows)
  for start in stride(from: 0, to: columns, by: 2048) {
    unsafe elements.withUnsafeBufferPointer { source in
      guard let base = source.baseAddress else { return }
      unsafe openBLAS.cblas_ssyrk(
        CblasRowMajor, CblasUpper, CblasNoTrans, Int32(rows), Int32(min(2048, columns - start)), 1,
        base + start, Int32(columns), 0, &piece, Int32(rows))
    }
    for i in 0..<rows {
      for index in i * rows + i..<(i + 1) * rows { sum.elements[index] += Double(piece[index]) }
    }
  }
  for i in 0..<rows {
    for j in 0..<i { sum[i, j] = sum[j, i] }
  }
  return sum
}
