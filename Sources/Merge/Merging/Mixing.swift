import Adapters
import LinearAlgebra
import Tensors

extension ResultPlan {
  /// The same update with each module's rank axis turned by a random orthogonal matrix, so that
  /// what was concatenated cannot be read back out of the factors.
  ///
  /// up·Qᵀ and Q·down, once each rank's column of up and row of down are equally long. Of some
  /// matrices drawn for each module the one is taken after which no row and no column is most like
  /// one of the sources'. Where one source outweighs the others many times over, what is left is
  /// like it whatever the matrix: that much is in the update itself.
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
  /// The same product, each column of up as long as its row of down.
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

  /// The largest cosine between a vector and one that the matrix, Q, makes of all of them.
  ///
  /// - Parameter gram: G, the vectors' inner products; those with the new ones are QG, and of the
  ///   new ones QGQᵀ.
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
