import Adapters
import LinearAlgebra
import Tensors

extension ResultPlan {
  /// Rotates each module's rank axis by a random orthogonal matrix, so that the factors no longer
  /// show which inputs were concatenated; the update stays the same.
  ///
  /// The factors become up·Qᵀ and Q·down, after each rank's column of up and row of down are scaled
  /// to equal length. Several matrices are drawn per module, and the one is taken that leaves the
  /// smallest likeness between any row or column and a source's. If one source outweighs the others
  /// many times, the result stays like it for every matrix, because the update itself is.
  func mixed(seed: UInt64) -> ResultPlan {
    var plan = self
    plan.modules = modules.map { module in
      guard case .lowRank(let rank, let scale, let factors) = module.content, rank > 0 else {
        return module
      }
      return module.with(
        .lowRank(rank: rank, scale: scale) {
          let (product, asked) = try factors().product()
          let wanted = asked ?? LowRank(up: product.up.scaled(by: scale), down: product.down)
          let mixed = try product.balanced.mixed(seed: seed, stream: module.target.stream)
          return .lowRank(mixed, asked: wanted)
        })
    }
    return plan
  }
}

extension LowRank {
  /// The same product, with each column of up as long as its row of down.
  var balanced: LowRank {
    let ups = gramOfColumns(up).diagonal
    let downs = gramOfRows(down).diagonal
    let growths = zip(ups, downs).map { up, down in
      up > 0 && down > 0 ? (down / up).squareRoot().squareRoot() : 1
    }
    return LowRank(
      up: up.scalingColumns(by: growths), down: down.scalingRows(by: growths.map { 1 / $0 }))
  }

  func mixed(seed: UInt64, stream: UInt64) throws(LinearAlgebraError) -> LowRank {
    let (ups, downs) = (gramOfColumns(up), gramOfRows(down))
    let generator = Philox(seed: seed, stream: stream)
    var best: (turn: Matrix, likeness: Double)?
    for attempt in 0..<16 {
      let normals = generator.normals(
        count: rank * rank, offset: UInt64(attempt * rank * rank))
      let turn = try orthogonalFactorization(
        of: Matrix(rows: rank, columns: rank, elements: normals.map(Double.init))
      ).orthonormal
      let likeness = max(turn.likeness(ups), turn.likeness(downs))
      if likeness < best?.likeness ?? .infinity { best = (turn, likeness) }
    }
    guard let turn = best?.turn else { return self }
    return LowRank(up: product(up, transposed: turn), down: product(turn, down))
  }
}

extension Matrix {
  fileprivate var diagonal: [Double] { (0..<rows).map { self[$0, $0] } }

  /// The largest cosine between a vector and one of the vectors that the matrix Q makes of all of
  /// them.
  ///
  /// - Parameter gram: G, the vectors' inner products. Those with the new vectors are QG, those
  ///   among the new vectors QGQᵀ.
  fileprivate func likeness(_ gram: Matrix) -> Double {
    let crossed = product(self, gram)
    let lengths = product(crossed, transposed: self).diagonal.map { max(0, $0).squareRoot() }
    let own = gram.diagonal.map { $0.squareRoot() }
    var largest = 0.0
    for i in 0..<rows {
      for j in 0..<columns where lengths[i] > 0 && own[j] > 0 {
        largest = max(largest, abs(crossed[i, j]) / (lengths[i] * own[j]))
      }
    }
    return largest
  }
}
