import COpenBLAS
package import Tensors

/// Vectors of one factor of a product, read a few at a time.
package struct FactorVectors: Sendable {
  package let count: Int

  /// Some elements of the factor, which is row-major.
  let elements: @Sendable (Range<Int>) -> [Float]

  package init(count: Int, elements: @escaping @Sendable (Range<Int>) -> [Float]) {
    (self.count, self.elements) = (count, elements)
  }
}

/// Factors of several products of one layer side by side, and their inner products.
///
/// The products of 32-bit floats are summed in 64 bits over pieces of 2048, so that an inner product
/// of vectors of length 1 is right to about 1e-7. One piece of all vectors is held at a time.
package struct FactorStack: Sendable {
  private let factors: [FactorVectors]
  private let length: Int

  /// Whether vectors are rows of their factors; else columns.
  private let areRows: Bool

  /// A stack of factors of count × length.
  package init(rows factors: [FactorVectors], of length: Int) {
    (self.factors, self.length, areRows) = (factors, length, true)
  }

  /// A stack of factors of length × count.
  package init(columns factors: [FactorVectors], of length: Int) {
    (self.factors, self.length, areRows) = (factors, length, false)
  }

  /// The vectors of all factors together.
  private var count: Int { factors.reduce(0) { $0 + $1.count } }

  /// The inner products of all vectors: count × count.
  ///
  /// - Complexity: count²·length floating-point operations.
  package var gram: Matrix {
    let count = count
    var sum = Matrix(zeros: count, count)
    var products = [Float](repeating: 0, count: count * count)
    var piece = [Float](repeating: 0, count: count * min(2048, length))
    for start in stride(from: 0, to: length, by: 2048) {
      let range = start..<min(start + 2048, length)
      read(range, into: &piece)
      unsafe openBLAS.cblas_ssyrk(
        CblasRowMajor, CblasUpper, areRows ? CblasNoTrans : CblasTrans, Int32(count),
        Int32(range.count), 1, piece, Int32(areRows ? range.count : count), 0, &products,
        Int32(count))
      unsafe addUpperHalf(of: products, to: &sum.elements, count: count)
    }
    unsafe mirrorUpperHalf(&sum.elements, count: count)
    return sum
  }

  /// Reads a range of all vectors: rows of a matrix of count × range, or columns of its transpose.
  private func read(_ range: Range<Int>, into piece: inout [Float]) {
    let width = areRows ? range.count : count
    unsafe piece.withUnsafeMutableBufferPointer { piece in
      var first = 0
      for factor in factors {
        if areRows {
          for vector in 0..<factor.count {
            let start = vector * length
            let row = factor.elements(start + range.lowerBound..<start + range.upperBound)
            unsafe copy(row, 0..<row.count, to: piece, at: (first + vector) * width)
          }
        } else {
          let count = factor.count
          let rows = factor.elements(range.lowerBound * count..<range.upperBound * count)
          for row in 0..<range.count {
            unsafe copy(rows, row * count..<(row + 1) * count, to: piece, at: row * width + first)
          }
        }
        first += factor.count
      }
    }
  }
}

@inline(__always)
private func copy(
  _ source: [Float], _ range: Range<Int>, to target: UnsafeMutableBufferPointer<Float>,
  at place: Int
) {
  unsafe source.withUnsafeBufferPointer { source in
    let part = unsafe UnsafeMutableBufferPointer(rebasing: target[place..<place + range.count])
    _ = unsafe part.update(fromContentsOf: source[range])
  }
}

/// Adds what lies on and above the diagonal.
private func addUpperHalf(
  of source: UnsafePointer<Float>, to target: UnsafeMutablePointer<Double>, count: Int
) {
  for row in 0..<count {
    for index in row * count + row..<(row + 1) * count {
      unsafe target[index] += Double(source[index])
    }
  }
}

private func mirrorUpperHalf(_ elements: UnsafeMutablePointer<Double>, count: Int) {
  for row in 0..<count {
    for column in 0..<row {
      unsafe elements[row &* count &+ column] = elements[column &* count &+ row]
    }
  }
}

/// The inner products of orthonormal bases in the place of those of some groups of vectors.
///
/// - Parameters:
///   - gram: The inner products of all vectors.
///   - sizes: How many vectors each group has, in their order.
/// - Returns: The blocks of each group with those behind it; what lies below them has no meaning.
///   `nil` where a group is too near to dependent vectors for what 32 bits hold.
package func orthonormalizedGram(_ gram: Matrix, sizes: [Int]) -> Matrix? {
  var roots: [(start: Int, lower: Matrix)] = []
  var start = 0
  for size in sizes {
    let own = gram.rows(in: start..<start + size).columns(in: start..<start + size)
    guard let root = cholesky(of: own) else { return nil }
    for i in 0..<size where root[i, i] < 0.03 * own[i, i].squareRoot() { return nil }
    roots.append((start, root))
    start += size
  }
  var result = gram
  let total = gram.columns
  unsafe result.elements.withUnsafeMutableBufferPointer { buffer in
    guard let elements = buffer.baseAddress else { return }
    for (start, root) in roots {
      let size = Int32(root.rows)
      unsafe openBLAS.cblas_dtrsm(
        CblasRowMajor, CblasLeft, CblasLower, CblasNoTrans, CblasNonUnit, size,
        Int32(total - start), 1, root.elements, size, elements + start * total + start,
        Int32(total))
    }
    for (start, root) in roots {
      let size = Int32(root.rows)
      unsafe openBLAS.cblas_dtrsm(
        CblasRowMajor, CblasRight, CblasLower, CblasTrans, CblasNonUnit,
        Int32(start + root.rows), size, 1, root.elements, size, elements + start, Int32(total))
    }
  }
  return result
}
