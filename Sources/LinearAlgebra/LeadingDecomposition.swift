package import Tensors

/// Returns the largest singular values of a matrix with their vectors, without the others.
///
/// A block Lanczos process on AᵀA with thick restarts, in 32 bits, from a random start: it ends
/// when a further cycle could gain less than 5e-5 of the remaining squared error, so that the error
/// is within 1e-4 of the best that the rank allows. The last projection is in 64 bits and decides
/// the values. Where decomposing the whole matrix costs no more, that is done instead.
///
/// Sources: Golub, Luk, Overton, "A block Lanczos method" (1981); Musco and Musco, "Randomized
/// block Krylov methods" (2015); Halko, Martinsson, Tropp (2011).
///
/// - Parameters:
///   - matrix: A, m × n.
///   - count: k, how many values.
///   - seed: Seeds the random start; the same seed gives the same bits.
/// - Returns: min(k, m, n) values, signs of the vectors fixed.
/// - Complexity: O(m·n·k) per cycle; a few cycles where the spectrum decays.
package func leadingDecomposition(
  of matrix: Matrix, count: Int, seed: UInt64 = 0
) throws(LinearAlgebraError) -> SingularValueDecomposition {
  let count = min(count, matrix.rows, matrix.columns)
  if !matrix.isFinite { throw .holdsNaN(routine: "block Lanczos") }
  let block = count + max(8, count / 4)
  if 5 * block >= min(matrix.rows, matrix.columns) {
    return try singularValueDecomposition(of: matrix).prefix(count).withFixedSigns()
  }
  var process = try BlockLanczos(matrix, count: count, block: block, seed: seed)
  try process.run()
  let vectors = process.vectors
  // Two products in 64 bits: the images span nearly the vectors of the other side, and what they
  // leave of the matrix holds the values.
  return try
    (process.isWide
    ? decomposition(of: matrix, nearlyBy: vectors)
    : decomposition(of: matrix, nearlySpannedBy: vectors))
    .prefix(count).withFixedSigns()
}

/// Returns all singular values of a whole matrix from its Gram matrix, to about 1e-8 of the
/// largest: a fraction of the cost of a decomposition.
///
/// - Complexity: O(m·n·min(m, n)), nearly all of it in one product.
package func singularValuesByGram(of matrix: Matrix) throws(LinearAlgebraError) -> [Double] {
  let gram = matrix.rows <= matrix.columns ? gramOfRows(matrix) : gramOfColumns(matrix)
  return try eigenvalues(ofSymmetric: gram).map { max(0, $0).squareRoot() }
}

/// - Parameter vectors: Rows near right singular vectors.
private func decomposition(
  of matrix: Matrix, nearlySpannedBy vectors: Matrix
) throws(LinearAlgebraError) -> SingularValueDecomposition {
  let images = product(matrix, transposed: vectors).transposed
  let basis = try orthogonalFactorization(of: images).orthonormal
  let factored = try orthogonalFactorization(of: product(basis, matrix))
  let small = try singularValueDecomposition(of: factored.lower)
  return SingularValueDecomposition(
    left: product(transposed: basis, small.left), values: small.values,
    right: product(small.right, factored.orthonormal))
}

/// - Parameter vectors: Rows near left singular vectors.
private func decomposition(
  of matrix: Matrix, nearlyBy vectors: Matrix
) throws(LinearAlgebraError) -> SingularValueDecomposition {
  let basis = try orthogonalFactorization(of: product(vectors, matrix)).orthonormal
  let core = product(matrix, transposed: basis)  // m × block
  let factored = try orthogonalFactorization(of: core.transposed)
  let small = try singularValueDecomposition(of: factored.lower.transposed)
  return SingularValueDecomposition(
    left: product(transposed: factored.orthonormal, small.left), values: small.values,
    right: product(small.right, basis))
}

extension SingularValueDecomposition {
  /// The largest values and their vectors.
  package func prefix(_ count: Int) -> SingularValueDecomposition {
    if count >= values.count { return self }
    return SingularValueDecomposition(
      left: left.prefix(columns: count), values: Array(values.prefix(count)),
      right: right.rows(in: 0..<count))
  }
}

/// The state of the iteration: an orthonormal basis of rows, and the images of its vectors.
///
/// It runs on the shorter side of the matrix without making a transpose.
private struct BlockLanczos {
  private let matrix: FloatRows

  /// Whether the vectors are left ones.
  let isWide: Bool
  private let squaredNorm: Double
  private let count: Int
  private let block: Int

  /// Rows: the best vectors so far, block × shorter side.
  private var best: FloatRows

  /// Their products with the matrix, as rows: block × longer side.
  private var images: FloatRows

  /// The number of blocks that a cycle adds to the first.
  private static let stepCount = 3
  private static let cycleLimit = 40

  init(
    _ matrix: Matrix, count: Int, block: Int, seed: UInt64
  ) throws(LinearAlgebraError) {
    self.matrix = FloatRows(matrix)
    isWide = matrix.rows < matrix.columns
    squaredNorm = matrix.squaredNorm
    self.count = count
    self.block = block
    let side = min(matrix.rows, matrix.columns)
    let start = Philox(seed: seed, stream: 0x4C41_4E43).normals(count: block * side)
    best = try FloatRows(rows: block, columns: side, elements: start).orthonormalized()
    images = best
    images = image(of: best)
  }

  private func image(of vectors: FloatRows) -> FloatRows {
    isWide ? vectors.product(matrix) : vectors.product(transposed: matrix)
  }

  private func preimage(of images: FloatRows) -> FloatRows {
    isWide ? images.product(transposed: matrix) : images.product(matrix)
  }

  var vectors: Matrix { best.matrix }

  mutating func run() throws(LinearAlgebraError) {
    var captured: [Double] = []
    for _ in 0..<Self.cycleLimit {
      captured.append(try cycle())
      if isConverged(captured) { return }
    }
  }

  /// Whether the gains, continued as they fall, would change too little to matter.
  private func isConverged(_ captured: [Double]) -> Bool {
    guard captured.count >= 2, let last = captured.last else { return false }
    let gain = last - captured[captured.count - 2]
    // Below this the sums of 32-bit products are noise.
    if gain <= 1e-9 * squaredNorm { return true }
    guard captured.count >= 3 else { return false }
    let before = captured[captured.count - 2] - captured[captured.count - 3]
    let ratio = min(max(gain / before, 0), 0.95)
    return gain * ratio / (1 - ratio) <= 5e-5 * max(squaredNorm - last, 0)
  }

  /// Widens the basis by the powers of AᵀA, and takes the best vectors of what it spans.
  ///
  /// - Returns: The squares of the largest singular values found, summed.
  private mutating func cycle() throws(LinearAlgebraError) -> Double {
    var basis = best
    var all = images
    var last = images
    for _ in 0..<Self.stepCount {
      var next = preimage(of: last)
      for _ in 0..<2 {
        next.orthogonalize(against: basis)
        next = try next.orthonormalized()
      }
      last = image(of: next)
      basis.append(next)
      all.append(last)
    }
    let (values, turned) = try eigenvectors(ofSymmetric: all.gram)
    let turn = FloatRows(turned.rows(in: 0..<block))
    best = try turn.product(basis).orthonormalized()
    images = image(of: best)
    return values.prefix(count).reduce(0) { $0 + max(0, $1) }
  }
}
