import LinearAlgebra
package import Names
import Tensors

/// Which rows of a module's update are which rows of a layer, where the two are divided
/// differently: Flux's fused q, k, v and diffusers' separate ones.
package struct Placement: Hashable, Sendable {
  struct Move: Hashable, Sendable {
    /// Rows of the module.
    let from: Range<Int>

    /// The row of the layer that the first of them is.
    let to: Int

    var destination: Range<Int> { to..<to + from.count }
  }

  /// The rows of the layer; those that no move reaches are zero.
  let outputs: Int
  let moves: [Move]

  /// The ranks that reach the rows; `nil` where all do.
  let ranks: [Int]?

  func overlaps(_ other: Placement) -> Bool {
    moves.contains { a in other.moves.contains { $0.destination.overlaps(a.destination) } }
  }

  func applied(to matrix: Matrix) -> Matrix {
    let width = matrix.columns
    var result = Matrix(zeros: outputs, width)
    for move in moves {
      result.elements.replaceSubrange(
        move.to * width..<(move.to + move.from.count) * width,
        with: matrix.elements[move.from.lowerBound * width..<move.from.upperBound * width])
    }
    return result
  }

  func applied(to factors: LowRank) -> LowRank {
    let up = applied(to: factors.up)
    guard let ranks else { return LowRank(up: up, down: factors.down) }
    return LowRank(
      up: .joiningColumns(ranks.map { up.columns(in: $0..<$0 + 1) }),
      down: .joiningRows(ranks.map { factors.down.rows(in: $0..<$0 + 1) }))
  }

  func applied(to update: Update) -> Update {
    switch update {
    case .dense(let matrix): return .dense(applied(to: matrix))
    case .scaled(let inner, let factor): return .scaled(applied(to: inner), by: factor)
    case .product, .hadamard, .kronecker:
      let factors = applied(to: update.lowRank)
      return .product(up: factors.up, down: factors.down)
    }
  }

  func applied(to vector: [Double]) -> [Double] {
    applied(to: Matrix(rows: vector.count, columns: 1, elements: vector)).elements
  }
}

extension Adapter {
  /// How the adapter divides Flux's layers; `nil` where it shows no division, or is not for Flux.
  package var fluxDivision: FluxNames.Division? {
    guard baseModel == .flux1 else { return nil }
    for module in modules where module.target.network == .denoiser {
      if !FluxNames.shares(ofFused: module.target.key).isEmpty { return .fused }
      if FluxNames.share(ofSplit: module.target.key) != nil { return .split }
    }
    return nil
  }

  /// The layers of a division that a module changes, and where its rows go in each.
  ///
  /// A layer whose rows of up are all zero is left out, and so are ranks that do not reach it: of
  /// a fused module that was joined from three, each gets its own rank back.
  func layers(
    of module: Module, in division: FluxNames.Division?
  ) throws -> [(target: Target, placement: Placement?)] {
    let asIs: [(target: Target, placement: Placement?)] = [(module.target, nil)]
    guard let division, baseModel == .flux1, module.target.network == .denoiser else { return asIs }
    switch division {
    case .split:
      let shares = FluxNames.shares(ofFused: module.target.key)
      if shares.isEmpty { return asIs }
      return try split(module, into: shares)
    case .fused:
      guard let share = FluxNames.share(ofSplit: module.target.key) else { return asIs }
      let target = Target(flux: share.fusedKey)
      if share.count == 1 && !share.swapsHalves { return [(target, nil)] }
      let outputs = module.extents.outputs / share.shares.count * share.count
      let moves = share.moves(ofFused: outputs).map {
        Placement.Move(from: $0.split, to: $0.fused)
      }
      return [(target, Placement(outputs: outputs, moves: moves, ranks: nil))]
    }
  }

  private func split(
    _ module: Module, into shares: [FluxNames.Share]
  ) throws -> [(target: Target, placement: Placement?)] {
    let outputs = module.extents.outputs
    if shares.count == 1 && !shares[0].swapsHalves {
      return [(Target(flux: shares[0].splitKey), nil)]
    }
    let isProduct = module.algorithm.isProduct && module.parts[.up] != nil
    let up = isProduct && shares.count > 1 ? try module.matrix(.up) : nil
    return shares.compactMap { share in
      let moves = share.moves(ofFused: outputs).map {
        Placement.Move(from: $0.fused..<$0.fused + $0.split.count, to: $0.split.lowerBound)
      }
      let ranks = up?.columns(reaching: moves.map(\.from))
      if let ranks, ranks.isEmpty { return nil }
      let placement = Placement(
        outputs: outputs / share.count * share.shares.count, moves: moves,
        ranks: ranks?.count == module.rank ? nil : ranks)
      return (Target(flux: share.splitKey), placement)
    }
  }
}

extension Matrix {
  /// The columns that are not zero in all of some rows.
  fileprivate func columns(reaching ranges: [Range<Int>]) -> [Int] {
    var reaches = [Bool](repeating: false, count: columns)
    for row in ranges.joined() {
      for column in 0..<columns where self[row, column] != 0 { reaches[column] = true }
    }
    return reaches.indices.filter { reaches[$0] }
  }
}
