import LinearAlgebra
package import Names
import Safetensors
import Tensors

/// Maps rows of a module's update to rows of a layer, for worlds that divide layers differently:
/// q, k and v joined or separate.
package struct Placement: Hashable, Sendable {
  struct Move: Hashable, Sendable {
    /// Rows of the module.
    let from: Range<Int>

    /// The row of the layer at which they begin.
    let to: Int

    var destination: Range<Int> { to..<to + from.count }
  }

  /// The number of rows of the layer; rows that no move reaches are zero.
  let outputs: Int
  let moves: [Move]

  /// The ranks that reach the rows; `nil` where all of them do.
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
  /// The family whose tables translate the adapter's layers to other worlds; `nil` where no table
  /// is needed or known.
  package var family: Family? {
    Family.of(baseModel).flatMap { $0.hasTable ? $0 : nil }
  }

  /// The world that names most of the modules; `nil` where no table knows any.
  package var world: World? {
    guard let family else { return nil }
    var counts: [World: Int] = [:]
    for module in modules {
      for world in family.worlds(of: module.target) { counts[world, default: 0] += 1 }
    }
    let preferred = [naming.world].compactMap { $0 } + World.allCases
    let most = counts.values.max()
    return preferred.first { counts[$0] == most && most != nil }
  }

  /// Whether the file names its denoiser's layers by paths, not by flattened names.
  var hasPaths: Bool {
    modules.first { $0.target.network == .denoiser }.map { !$0.prefix.hasSuffix("_") } ?? false
  }

  /// The layers of a world that a module changes, and where its rows go in each.
  ///
  /// A layer that no table knows, or that the world lacks, stays the module's own.
  ///
  /// A layer whose rows of up are all zero is left out, and so are ranks that do not reach it: when
  /// a fused module was joined from three, each of the three gets its own rank back.
  func layers(
    of module: Module, in world: World?
  ) throws -> [(target: Target, placement: Placement?)] {
    guard let world, let places = family?.places(of: module.target, in: world), !places.isEmpty
    else { return [(module.target, nil)] }
    if places.count == 1, places[0].isWhole { return [(places[0].target, nil)] }
    let rows = module.placedRows
    if let place = places.first(where: { rows % $0.shareCount != 0 }) {
      throw AdapterError(
        file: file.path,
        reason: .shapesDiffer(
          module: module.name,
          detail:
            "has \(rows) rows, which cannot be \(place.shareCount) equal shares as \(baseModel.rawValue) has them; is it for another model?"
        ))
    }
    let isProduct = module.algorithm.isProduct && module.parts[.up] != nil
    return try places.compactMap { place in
      let moves = place.moves(ofOwn: rows, inputs: module.extents.inputs).map {
        Placement.Move(from: $0.own, to: $0.theirs)
      }
      let ranks =
        isProduct && places.count > 1 ? try module.ranks(reaching: moves.map(\.from)) : nil
      if let ranks, ranks.isEmpty { return nil }
      let placement = Placement(
        outputs: place.outputs(ofOwn: rows), moves: moves,
        ranks: ranks?.count == module.rank ? nil : ranks)
      return (place.target, placement)
    }
  }
}

extension Module {
  /// The number of rows of the module's update.
  fileprivate var placedRows: Int { extents.outputs }

  /// The ranks whose columns of up are nonzero in some row of the ranges.
  fileprivate func ranks(reaching ranges: [Range<Int>]) throws -> [Int] {
    guard let tensor = parts[.up], let width = tensor.shape.extents.dropFirst().first else {
      return []
    }
    return try file.withBytes(of: tensor.entry) { bytes in
      switch tensor.type {
      case .float16, .bfloat16: bytes.columns(of: width, reaching: ranges, sign: 0x8000 as UInt16)
      case .float32: bytes.columns(of: width, reaching: ranges, sign: 0x8000_0000 as UInt32)
      default: try matrix(.up).columns(reaching: ranges)
      }
    }
  }
}

extension RawSpan {
  /// The columns that are nonzero (of either sign) in some row of the ranges.
  ///
  /// - Parameter sign: The mask of an element's sign bit.
  fileprivate func columns<Bits: FixedWidthInteger & BitwiseCopyable>(
    of width: Int, reaching ranges: [Range<Int>], sign: Bits
  ) -> [Int] {
    var seen = [Bits](repeating: 0, count: width)
    unsafe withUnsafeBytes { bytes in
      for row in ranges.joined() {
        for column in 0..<width {
          seen[column] |= unsafe bytes.loadUnaligned(
            fromByteOffset: (row &* width &+ column) &* MemoryLayout<Bits>.size, as: Bits.self)
        }
        // Trained factors usually reach all rows, so the first few rows decide.
        if row % 8 == 0, seen.allSatisfy({ $0 & ~sign.littleEndian != 0 }) { break }
      }
    }
    return seen.indices.filter { seen[$0] & ~sign.littleEndian != 0 }
  }
}

extension Matrix {
  /// The columns that are nonzero in some row of the ranges.
  fileprivate func columns(reaching ranges: [Range<Int>]) -> [Int] {
    var reaches = [Bool](repeating: false, count: columns)
    for row in ranges.joined() {
      for column in 0..<columns where self[row, column] != 0 { reaches[column] = true }
    }
    return reaches.indices.filter { reaches[$0] }
  }
}
