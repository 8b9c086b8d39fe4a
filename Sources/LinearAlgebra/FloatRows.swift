import COpenBLAS
import Dispatch
import Synchronization
import Tensors

/// A row-major matrix of 32-bit floats, for iterations that a last step in 64 bits corrects.
struct FloatRows {
  private(set) var rows: Int
  let columns: Int
  private(set) var elements: [Float]

  init(rows: Int, columns: Int, elements: [Float]) {
    precondition(elements.count == rows * columns, "\(elements.count) for \(rows) × \(columns)")
    self.rows = rows
    self.columns = columns
    self.elements = elements
  }

  init(_ matrix: Matrix) {
    self.init(
      rows: matrix.rows, columns: matrix.columns, elements: matrix.elements.map { Float($0) })
  }

  var matrix: Matrix { Matrix(rows: rows, columns: columns, elements: elements.map(Double.init)) }

  mutating func append(_ other: FloatRows) {
    precondition(columns == other.columns, "widths \(columns) and \(other.columns)")
    rows += other.rows
    elements += other.elements
  }

  /// A·B, for a B of columns × n.
  func product(_ other: FloatRows) -> FloatRows {
    var result = [Float](repeating: 0, count: rows * other.columns)
    unsafe openBLAS.cblas_sgemm(
      CblasRowMajor, CblasNoTrans, CblasNoTrans, Int32(rows), Int32(other.columns), Int32(columns),
      1, elements, Int32(columns), other.elements, Int32(other.columns), 0, &result,
      Int32(other.columns))
    return FloatRows(rows: rows, columns: other.columns, elements: result)
  }

  /// A·Bᵀ, for a B of n × columns.
  func product(transposed other: FloatRows) -> FloatRows {
    var result = [Float](repeating: 0, count: rows * other.rows)
    unsafe openBLAS.cblas_sgemm(
      CblasRowMajor, CblasNoTrans, CblasTrans, Int32(rows), Int32(other.rows), Int32(columns), 1,
      elements, Int32(columns), other.elements, Int32(columns), 0, &result, Int32(other.rows))
    return FloatRows(rows: rows, columns: other.rows, elements: result)
  }

  /// Takes away what lies in the span of some orthonormal rows.
  mutating func orthogonalize(against basis: FloatRows) {
    let shares = product(transposed: basis)
    unsafe openBLAS.cblas_sgemm(
      CblasRowMajor, CblasNoTrans, CblasNoTrans, Int32(rows), Int32(columns), Int32(basis.rows), -1,
      shares.elements, Int32(basis.rows), basis.elements, Int32(columns), 1, &elements,
      Int32(columns))
  }

  /// Orthonormal rows that span these; at most as many as there are columns.
  ///
  /// LAPACK reads the rows as the columns of the transpose: `sgeqrf`, `sorgqr`.
  func orthonormalized() throws(LinearAlgebraError) -> FloatRows {
    precondition(rows <= columns, "\(rows) orthonormal rows of \(columns)")
    var a = elements
    var reflectors = [Float](repeating: 0, count: rows)
    let (m, n) = (Int32(columns), Int32(rows))
    try check(
      "sgeqrf", unsafe openBLAS.LAPACKE_sgeqrf(LAPACK_COL_MAJOR, m, n, &a, m, &reflectors),
      matrixArgument: 4)
    try check(
      "sorgqr", unsafe openBLAS.LAPACKE_sorgqr(LAPACK_COL_MAJOR, m, n, n, &a, m, reflectors),
      matrixArgument: 5)
    return FloatRows(rows: rows, columns: columns, elements: a)
  }

  /// The inner products of the rows, summed in 64 bits from products in 32 over short pieces.
  var gram: Matrix {
    var sum = Matrix(zeros: rows, rows)
    let piece = 1024
    for start in stride(from: 0, to: columns, by: piece) {
      var part = [Float](repeating: 0, count: rows * rows)
      let width = min(piece, columns - start)
      unsafe elements.withUnsafeBufferPointer { source in
        guard let base = source.baseAddress else { return }
        unsafe openBLAS.cblas_sgemm(
          CblasRowMajor, CblasNoTrans, CblasTrans, Int32(rows), Int32(rows), Int32(width), 1,
          base + start, Int32(columns), base + start, Int32(columns), 0, &part, Int32(rows))
      }
      for index in part.indices { sum.elements[index] += Double(part[index]) }
    }
    return sum
  }
}

/// Adds U·D to a matrix of 32-bit floats in one order: the same to the bit on every machine, where
/// BLAS takes what the processor likes best.
///
/// - Parameters: Those of `addProduct`.
package func addProductInOrder(
  _ up: [Float], _ down: [Float], rank: Int, to target: inout [Float]
) {
  if rank == 0 || target.isEmpty { return }
  let columns = down.count / rank
  for row in 0..<up.count / rank {
    for term in 0..<rank {
      let factor = up[row * rank + term]
      for column in 0..<columns {
        target[row * columns + column] += factor * down[term * columns + column]
      }
    }
  }
}

/// Adds U·D to a matrix of 32-bit floats.
///
/// - Parameters:
///   - up: m × r.
///   - down: r × n.
///   - target: m × n, row-major.
package func addProduct(_ up: [Float], _ down: [Float], rank: Int, to target: inout [Float]) {
  if rank == 0 || target.isEmpty { return }
  let (m, n) = (Int32(up.count / rank), Int32(down.count / rank))
  precondition(target.count == Int(m) * Int(n), "\(m) × \(n) is not \(target.count) elements")
  unsafe openBLAS.cblas_sgemm(
    CblasRowMajor, CblasNoTrans, CblasNoTrans, m, n, Int32(rank), 1, up, Int32(rank), down, n, 1,
    &target, n)
}

/// Returns `transform` of 0, 1, … count − 1, computed by several threads.
///
/// Threads run over items, never inside a product: OpenBLAS has none of its own. Every item is
/// computed in the same way whichever thread takes it, so results do not depend on their number.
///
/// - Throws: The error of the first item (by index, of those begun) that failed; after one fails
///   no further item is begun.
package func parallelMap<Result: Sendable>(
  count: Int, threads: Int, _ transform: @Sendable (Int) throws -> Result
) throws -> [Result] {
  let workers = min(threads, count)
  if workers <= 1 { return try (0..<count).map(transform) }

  let next = Atomic(0)
  let outcome = Mutex<(results: [Result?], failure: (index: Int, error: any Error)?)>(
    (Array(repeating: nil, count: count), nil))
  DispatchQueue.concurrentPerform(iterations: workers) { _ in
    while true {
      let index = next.add(1, ordering: .relaxed).oldValue
      if index >= count { return }
      do {
        let result = try transform(index)
        outcome.withLock { $0.results[index] = result }
      } catch {
        next.store(count, ordering: .relaxed)
        outcome.withLock { outcome in
          if outcome.failure.map({ index < $0.index }) ?? true { outcome.failure = (index, error) }
        }
      }
    }
  }
  return try outcome.withLock { outcome in
    if let failure = outcome.failure { throw failure.error }
    return outcome.results.compactMap(\.self)
  }
}
