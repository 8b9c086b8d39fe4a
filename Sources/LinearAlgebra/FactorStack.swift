import COpenBLAS
package import Tensors

/// Factors of several products of one layer side by side in 32 bits, and their inner products.
///
/// The products of 32-bit floats are summed in 64 bits over pieces of 2048, so that an inner product
/// of vectors of length 1 is right to about 1e-7.
package struct FactorStack: Sendable {
  /// The vectors of all factors together.
  package let count: Int
  private let length: Int

  /// Whether vectors are rows of the stack; else its columns.
  private let areRows: Bool
  private var elements: [Float]
  private var filled = 0

  /// A stack of rows, each of some length.
  package init(rows count: Int, of length: Int) {
    (self.count, self.length, areRows) = (count, length, true)
    elements = []
    elements.reserveCapacity(count * length)
  }

  /// A stack of columns, each of some length.
  package init(columns count: Int, of length: Int) {
    (self.count, self.length, areRows) = (count, length, false)
    elements = [Float](repeating: 0, count: count * length)
  }

  /// Adds a factor's vectors behind those that there are.
  ///
  /// - Parameter factor: vectors × length, or length × vectors in a stack of columns; row-major.
  package mutating func append(_ factor: [Float], vectors: Int) {
    precondition(factor.count == vectors * length, "\(factor.count) of \(vectors) × \(length)")
    if areRows {
      elements += factor
    } else {
      unsafe elements.withUnsafeMutableBufferPointer { target in
        unsafe factor.withUnsafeBufferPointer { source in
          for row in 0..<length {
            for k in 0..<vectors {
              unsafe target[row * count + filled + k] = source[row * vectors + k]
            }
          }
        }
      }
    }
    filled += vectors
  }

  /// The inner products of all vectors: count × count.
  ///
  /// - Complexity: count²·length floating-point operations.
  package var gram: Matrix {
    precondition(filled == count, "\(filled) of \(count) vectors")
    var sum = Matrix(zeros: count, count)
    var piece = [Float](repeating: 0, count: count * count)
    for start in stride(from: 0, to: length, by: 2048) {
      let depth = Int32(min(2048, length - start))
      unsafe elements.withUnsafeBufferPointer { source in
        guard let base = source.baseAddress else { return }
        unsafe openBLAS.cblas_ssyrk(
          CblasRowMajor, CblasUpper, areRows ? CblasNoTrans : CblasTrans, Int32(count), depth, 1,
          base + (areRows ? start : start * count), Int32(areRows ? length : count), 0, &piece,
          Int32(count))
      }
      unsafe sum.elements.withUnsafeMutableBufferPointer { target in
        unsafe piece.withUnsafeBufferPointer { source in
          for i in 0..<count {
            for index in i * count + i..<(i + 1) * count {
              unsafe target[index] += Double(source[index])
            }
          }
        }
      }
    }
    for i in 0..<count {
      for j in 0..<i { sum[i, j] = sum[j, i] }
    }
    return sum
  }
}

/// The inner products of orthonormal bases in the place of those of some groups of vectors.
///
/// - Parameters:
///   - gram: The inner products of all vectors.
///   - sizes: How many vectors each group has, in their order.
/// - Returns: `nil` where a group is too near to dependent vectors for what 32 bits hold.
package func orthonormalizedGram(_ gram: Matrix, sizes: [Int]) -> Matrix? {
  var roots: [Matrix] = []
  var start = 0
  for size in sizes {
    let own = gram.rows(in: start..<start + size).columns(in: start..<start + size)
    guard let root = cholesky(of: own) else { return nil }
    for i in 0..<size where root[i, i] < 0.03 * own[i, i].squareRoot() { return nil }
    roots.append(root)
    start += size
  }
  func applied(_ matrix: Matrix) -> Matrix {
    var (parts, start): ([Matrix], Int) = ([], 0)
    for root in roots {
      parts.append(solution(lower: root, matrix.rows(in: start..<start + root.rows)))
      start += root.rows
    }
    return .joiningRows(parts)
  }
  return applied(applied(gram).transposed)
}
