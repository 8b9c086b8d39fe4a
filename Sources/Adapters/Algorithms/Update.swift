package import LinearAlgebra
package import Tensors

/// A module's update of its layer's weight, as a matrix outputs × columns, in 64 bits.
///
/// The update keeps the form in which trainers store it, because each form gives its norm and its
/// spectrum without forming the matrix. `lowRank` turns any form into one product, exactly.
///
/// Sources: Hu et al., LoRA (arXiv 2106.09685); Hyeon-Woo et al., FedPara (2108.06098), for LoHa;
/// Yeh et al., LyCORIS (2309.14859), for LoKr and Tucker forms.
package indirect enum Update: Sendable {
  /// up (m × r) times down (r × n).
  case product(up: Matrix, down: Matrix)
  case dense(Matrix)

  /// The element-wise product.
  case hadamard(Update, Update)

  /// The Kronecker product: each element of the first times all of the second.
  case kronecker(Update, Update)
  case scaled(Update, by: Double)
}

/// An update as one product, up (m × r) times down (r × n), with every scale included.
package struct LowRank: Hashable, Sendable {
  package let up: Matrix
  package let down: Matrix

  package init(up: Matrix, down: Matrix) {
    precondition(up.columns == down.rows, "up has rank \(up.columns), down has rank \(down.rows)")
    self.up = up
    self.down = down
  }

  package var rank: Int { up.columns }
}

extension Update {
  package var rows: Int {
    switch self {
    case .product(let up, _): up.rows
    case .dense(let matrix): matrix.rows
    case .hadamard(let a, _): a.rows
    case .kronecker(let a, let b): a.rows * b.rows
    case .scaled(let update, _): update.rows
    }
  }

  package var columns: Int {
    switch self {
    case .product(_, let down): down.columns
    case .dense(let matrix): matrix.columns
    case .hadamard(let a, _): a.columns
    case .kronecker(let a, let b): a.columns * b.columns
    case .scaled(let update, _): update.columns
    }
  }

  /// The update as a full matrix.
  package var formed: Matrix {
    switch self {
    case .product(let up, let down): LinearAlgebra.product(up, down)
    case .dense(let matrix): matrix
    case .hadamard(let a, let b): a.formed.multipliedElementwise(by: b.formed)
    case .kronecker(let a, let b): Adapters.kronecker(a.formed, b.formed)
    case .scaled(let update, let factor): update.formed.scaled(by: factor)
    }
  }

  /// The update as one product of the smallest rank that its form allows, at most min(m, n).
  ///
  /// The identities are exact: A∘B of ranks r and s has rank r·s (rows' Khatri-Rao products), and
  /// so has A⊗B = (A₁⊗B₁)(A₂⊗B₂). A scale goes into up.
  package var lowRank: LowRank {
    switch self {
    case .product(let up, let down):
      return LowRank(up: up, down: down)
    case .dense(let matrix):
      return matrix.rows <= matrix.columns
        ? LowRank(up: Matrix(identity: matrix.rows), down: matrix)
        : LowRank(up: matrix, down: Matrix(identity: matrix.columns))
    case .hadamard(let a, let b):
      let (a, b) = (a.lowRank, b.lowRank)
      if a.rank * b.rank > min(rows, columns) { return Update.dense(formed).lowRank }
      return LowRank(
        up: khatriRaoOfRows(a.up, b.up),
        down: khatriRaoOfRows(a.down.transposed, b.down.transposed).transposed)
    case .kronecker(let a, let b):
      let (a, b) = (a.lowRank, b.lowRank)
      return LowRank(
        up: Adapters.kronecker(a.up, b.up), down: Adapters.kronecker(a.down, b.down))
    case .scaled(let update, let factor):
      let factors = update.lowRank
      return LowRank(up: factors.up.scaled(by: factor), down: factors.down)
    }
  }

  /// The singular values, largest first, without those that the form makes zero.
  package func singularValues() throws(LinearAlgebraError) -> [Double] {
    switch self {
    case .product(let up, let down):
      return try LinearAlgebra.singularValues(ofProduct: up, down)
    case .dense(let matrix): return try LinearAlgebra.singularValues(of: matrix)
    case .hadamard:
      let factors = lowRank
      return try LinearAlgebra.singularValues(ofProduct: factors.up, factors.down)
    case .kronecker(let a, let b):
      // A⊗B has every product of a singular value of A and one of B.
      let second = try b.singularValues()
      return try a.singularValues().flatMap { value in second.map { value * $0 } }.sorted(by: >)
    case .scaled(let update, let factor):
      return try update.singularValues().map { $0 * abs(factor) }
    }
  }

  /// The square of the Frobenius norm.
  package var squaredNorm: Double {
    switch self {
    case .product(let up, let down): LinearAlgebra.squaredNorm(ofProduct: up, down)
    case .dense(let matrix): matrix.squaredNorm
    case .hadamard: Update.product(up: lowRank.up, down: lowRank.down).squaredNorm
    case .kronecker(let a, let b): a.squaredNorm * b.squaredNorm
    case .scaled(let update, let factor): update.squaredNorm * factor * factor
    }
  }

  package var isFinite: Bool {
    switch self {
    case .product(let up, let down): up.isFinite && down.isFinite
    case .dense(let matrix): matrix.isFinite
    case .hadamard(let a, let b), .kronecker(let a, let b): a.isFinite && b.isFinite
    case .scaled(let update, let factor): update.isFinite && factor.isFinite
    }
  }
}

/// A ⊗ B: block (i, j) is A[i, j] times B.
func kronecker(_ a: Matrix, _ b: Matrix) -> Matrix {
  var result = Matrix(zeros: a.rows * b.rows, a.columns * b.columns)
  for i in 0..<a.rows {
    for k in 0..<b.rows {
      var index = (i * b.rows + k) * result.columns
      for j in 0..<a.columns {
        let factor = a[i, j]
        for l in 0..<b.columns {
          result.elements[index] = factor * b.elements[k * b.columns + l]
          index += 1
        }
      }
    }
  }
  return result
}

/// The Kronecker product row by row: m × r and m × s give m × r·s.
private func khatriRaoOfRows(_ a: Matrix, _ b: Matrix) -> Matrix {
  var elements: [Double] = []
  elements.reserveCapacity(a.rows * a.columns * b.columns)
  for i in 0..<a.rows {
    for j in 0..<a.columns {
      for l in 0..<b.columns { elements.append(a[i, j] * b[i, l]) }
    }
  }
  return Matrix(rows: a.rows, columns: a.columns * b.columns, elements: elements)
}
