import COpenBLAS
package import Tensors

/// A = U·diag(values)·Vᵀ, the values largest first.
package struct SingularValueDecomposition: Sendable {
  /// m × k, orthonormal columns.
  package let left: Matrix
  package let values: [Double]

  /// k × n, orthonormal rows: Vᵀ.
  package let right: Matrix
}

/// Returns the thin singular value decomposition: k = min(m, n).
///
/// - Complexity: O(m·n·min(m, n)); `dgesdd`.
package func singularValueDecomposition(
  of matrix: Matrix
) throws(LinearAlgebraError) -> SingularValueDecomposition {
  let (m, n, k) = (matrix.rows, matrix.columns, min(matrix.rows, matrix.columns))
  var values = [Double](repeating: 0, count: k)
  // LAPACK sees Aᵀ = V·diag·Uᵀ: its left vectors are V, laid out as our Vᵀ.
  var right = Matrix(zeros: k, n)
  var left = Matrix(zeros: m, k)
  if k == 0 { return SingularValueDecomposition(left: left, values: [], right: right) }
  var a = matrix.elements  // overwritten
  let info = unsafe openBLAS.LAPACKE_dgesdd(
    LAPACK_COL_MAJOR, letter("S"), Int32(n), Int32(m), &a, Int32(n), &values, &right.elements,
    Int32(n),
    &left.elements, Int32(k))
  try check("dgesdd", info, matrixArgument: 5)
  return SingularValueDecomposition(left: left, values: values, right: right)
}

/// Returns the singular values of a matrix, largest first; min(m, n) of them.
///
/// - Complexity: O(m·n·min(m, n)); `dgesdd`.
package func singularValues(of matrix: Matrix) throws(LinearAlgebraError) -> [Double] {
  let (m, n) = (Int32(matrix.rows), Int32(matrix.columns))
  var values = [Double](repeating: 0, count: min(matrix.rows, matrix.columns))
  if values.isEmpty { return [] }
  var a = matrix.elements  // overwritten
  let info = unsafe openBLAS.LAPACKE_dgesdd(
    LAPACK_COL_MAJOR, letter("N"), n, m, &a, n, &values, nil, 1, nil, 1)
  try check("dgesdd", info, matrixArgument: 5)
  return values
}

/// A = L·Q: L is m × k and zero above its diagonal, Q is k × n with orthonormal rows; k = min(m, n).
package struct OrthogonalFactorization: Sendable {
  package let lower: Matrix
  package let orthonormal: Matrix
}

/// Returns L and Q of A = LQ, for a matrix A of m × n.
///
/// - Complexity: O(m·n·min(m, n)); `dgeqrf` and `dorgqr`, for LAPACK reads our A as Aᵀ = QᵀLᵀ.
package func orthogonalFactorization(
  of matrix: Matrix
) throws(LinearAlgebraError) -> OrthogonalFactorization {
  let (n, k) = (matrix.columns, min(matrix.rows, matrix.columns))
  var (a, reflectors) = try reflected(matrix)
  let lower = lowerFactor(in: a, like: matrix)
  if k == 0 { return OrthogonalFactorization(lower: lower, orthonormal: Matrix(zeros: 0, n)) }
  let info = unsafe openBLAS.LAPACKE_dorgqr(
    LAPACK_COL_MAJOR, Int32(n), Int32(k), Int32(k), &a, Int32(n), reflectors)
  try check("dorgqr", info, matrixArgument: 5)
  a.removeLast(a.count - k * n)
  let orthonormal = Matrix(rows: k, columns: n, elements: a)
  return OrthogonalFactorization(lower: lower, orthonormal: orthonormal)
}

/// Returns L of A = LQ alone, at half the cost.
package func lowerFactor(of matrix: Matrix) throws(LinearAlgebraError) -> Matrix {
  lowerFactor(in: try reflected(matrix).elements, like: matrix)
}

/// LAPACK's packed form of A = LQ: row i up to column i is row i of L.
private func reflected(
  _ matrix: Matrix
) throws(LinearAlgebraError) -> (elements: [Double], reflectors: [Double]) {
  let (m, n) = (matrix.rows, matrix.columns)
  var a = matrix.elements
  var reflectors = [Double](repeating: 0, count: min(m, n))
  if reflectors.isEmpty { return (a, reflectors) }
  let info = unsafe openBLAS.LAPACKE_dgeqrf(
    LAPACK_COL_MAJOR, Int32(n), Int32(m), &a, Int32(n), &reflectors)
  try check("dgeqrf", info, matrixArgument: 4)
  return (a, reflectors)
}

private func lowerFactor(in elements: [Double], like matrix: Matrix) -> Matrix {
  var lower = Matrix(zeros: matrix.rows, min(matrix.rows, matrix.columns))
  for i in 0..<lower.rows {
    for j in 0..<min(i + 1, lower.columns) {
      lower[i, j] = elements[i * matrix.columns + j]
    }
  }
  return lower
}

/// Returns the eigenvalues of a symmetric matrix, largest first.
///
/// - Complexity: O(n³); `dsyev`.
package func eigenvalues(ofSymmetric matrix: Matrix) throws(LinearAlgebraError) -> [Double] {
  let n = Int32(matrix.rows)
  var values = [Double](repeating: 0, count: matrix.rows)
  if values.isEmpty { return [] }
  var a = matrix.elements  // overwritten
  let info = unsafe openBLAS.LAPACKE_dsyev(
    LAPACK_COL_MAJOR, letter("N"), letter("U"), n, &a, n, &values)
  try check("dsyev", info, matrixArgument: 5)
  return values.reversed()
}

/// Returns a root of a positive semidefinite matrix: L and an order with A[order, order] = LLᵀ.
///
/// - Returns: L of n × k and zero above its diagonal, k the rank to working precision; the order
///   in which rows and columns were taken.
/// - Complexity: O(n³); `dpstrf`.
package func pivotedRoot(
  of matrix: Matrix
) throws(LinearAlgebraError) -> (root: Matrix, order: [Int]) {
  let n = matrix.rows
  var order = [Int32](repeating: 0, count: n)
  if n == 0 { return (Matrix(zeros: 0, 0), []) }
  if !matrix.isFinite { throw .holdsNaN(routine: "dpstrf") }
  var a = matrix.elements  // overwritten
  var rank: Int32 = 0
  // Column-major, U is our lower triangle.
  let info = unsafe openBLAS.LAPACKE_dpstrf(
    LAPACK_COL_MAJOR, letter("U"), Int32(n), &a, Int32(n), &order, &rank, -1)
  precondition(info >= 0, "dpstrf: argument \(-info) is wrong")
  var root = Matrix(zeros: n, Int(rank))
  for i in 0..<n {
    for j in 0..<min(i + 1, root.columns) { root[i, j] = a[i * n + j] }
  }
  return (root, order.map { Int($0) - 1 })
}

/// Returns the eigenvalues of a symmetric matrix, largest first, and its eigenvectors as rows.
///
/// - Complexity: O(n³); `dsyevd`.
package func eigenvectors(
  ofSymmetric matrix: Matrix
) throws(LinearAlgebraError) -> (values: [Double], vectors: Matrix) {
  let n = matrix.rows
  var values = [Double](repeating: 0, count: n)
  if n == 0 { return ([], matrix) }
  var a = matrix.elements  // overwritten: the columns, our rows, become the vectors
  let info = unsafe openBLAS.LAPACKE_dsyevd(
    LAPACK_COL_MAJOR, letter("V"), letter("U"), Int32(n), &a, Int32(n), &values)
  try check("dsyevd", info, matrixArgument: 5)
  var sorted: [Double] = []
  sorted.reserveCapacity(a.count)
  for row in (0..<n).reversed() { sorted += a[row * n..<(row + 1) * n] }
  return (values.reversed(), Matrix(rows: n, columns: n, elements: sorted))
}

/// Returns X of A·X = B, for a square A.
///
/// - Complexity: O(n³); `dgesv`.
package func solution(
  of a: Matrix, _ b: Matrix
) throws(LinearAlgebraError) -> Matrix {
  precondition(a.rows == a.columns && a.rows == b.rows, "A is \(a.rows) × \(a.columns)")
  // LAPACK reads A as Aᵀ; handing it the transposes makes them A and B.
  var (factors, x) = (a.transposed.elements, b.transposed.elements)
  var pivots = [Int32](repeating: 0, count: a.rows)
  let n = Int32(a.rows)
  let info = unsafe openBLAS.LAPACKE_dgesv(
    LAPACK_COL_MAJOR, n, Int32(b.columns), &factors, n, &pivots, &x, n)
  try check("dgesv", info, matrixArgument: 4)
  return Matrix(rows: b.columns, columns: b.rows, elements: x).transposed
}

/// Numbers that a factorization cannot take.
///
/// Shapes that do not fit are our own
/// mistakes and trap instead.
package enum LinearAlgebraError: Error, Hashable {
  case holdsNaN(routine: String)
  case notConverged(routine: String, info: Int32)
}

extension LinearAlgebraError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .holdsNaN(let routine):
      "a matrix holds NaN (\(routine)); was it trained in float16 with an overflow?"
    case .notConverged(let routine, let info):
      "\(routine) did not converge (info \(info))"
    }
  }
}

/// A choice as LAPACK takes it.
func letter(_ letter: Unicode.Scalar) -> CChar { CChar(UInt8(ascii: letter)) }

/// Throws what LAPACKE's `info` says.
///
/// - Parameter matrixArgument: The position of the matrix among the arguments;
///   LAPACKE answers its negative where the matrix holds NaN.
func check(_ routine: String, _ info: Int32, matrixArgument: Int32) throws(LinearAlgebraError) {
  if info == 0 { return }
  if info == -matrixArgument { throw .holdsNaN(routine: routine) }
  precondition(info > 0, "\(routine): argument \(-info) is wrong")
  throw .notConverged(routine: routine, info: info)
}
