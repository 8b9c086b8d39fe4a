import Adapters
import LinearAlgebra
import QuantizedWeights
import Safetensors
import Tensors

/// The sum of the adapters' updates of one weight, formed a few rows at a time.
struct Additions {
  /// Some rows of the weight, and the update of them.
  fileprivate enum Addition {
    /// The product of rows × r and r × columns.
    case product(rows: Range<Int>, up: [Float], down: [Float], rank: Int)

    /// A full matrix rows × columns, in 64 bits.
    case whole(rows: Range<Int>, Matrix)

    /// Single rows by their indices, each with its update.
    case scattered([Int: [Double]])
  }

  private let additions: [Addition]
  private let columns: Int

  /// Whether products are summed in the same order on every machine, which BLAS does not promise.
  private let inOrder: Bool

  init(
    _ changes: [BakedLayers.Change], to weight: some StoredWeight, inOrder: Bool = false
  ) throws {
    additions = try changes.map { try Self.addition($0, weight) }
    columns = weight.columnCount
    self.inOrder = inOrder
  }

  /// The update of some rows.
  func change(of rows: Range<Int>) -> [Float] {
    var change = [Float](repeating: 0, count: rows.count * columns)
    for addition in additions {
      addition.add(to: &change, rows: rows, columns: columns, inOrder: inOrder)
    }
    return change
  }
}

extension Additions {
  private static func addition(
    _ change: BakedLayers.Change, _ weight: some StoredWeight
  ) throws -> Addition {
    switch change.source {
    case .layer(let layer): try addition(layer, change.key, change.piece)
    case .tokens(let term): try addition(term, weight)
    }
  }

  private static func addition(
    _ layer: Combination.Layer, _ key: CheckpointLayers.Key, _ piece: CheckpointLayers.Piece
  ) throws -> Addition {
    let source = piece.offset..<piece.offset + piece.rows.count
    defer { layer.release() }
    if key.role == .bias {
      let bias = try layer.bias() ?? []
      let part = Matrix(rows: source.count, columns: 1, elements: Array(bias[source]))
      return .whole(rows: piece.rows, part)
    }
    if layer.expert != nil && piece.entry.shape.rank == 3 {
      let whole = try layer.difference()
      try check(whole.isFinite, layer)
      let elements = piece.isTransposed ? whole.transposed.elements : whole.elements
      return .whole(
        rows: piece.rows, Matrix(rows: 1, columns: elements.count, elements: elements))
    }
    if !layer.isDense, layer.isThin {
      let factors = try layer.sum()
      try check(factors.up.isFinite && factors.down.isFinite, layer)
      let (up, down) =
        piece.isTransposed
        ? (factors.down.transposed, factors.up.transposed)
        : (factors.up.rows(in: source), factors.down)
      return .product(
        rows: piece.isTransposed ? 0..<up.rows : piece.rows, up: up.elements.map { Float($0) },
        down: down.elements.map { Float($0) }, rank: factors.rank)
    }
    let whole = try layer.difference()
    try check(whole.isFinite, layer)
    if piece.isTransposed { return .whole(rows: 0..<whole.columns, whole.transposed) }
    return .whole(rows: piece.rows, whole.rows(in: source))
  }

  /// t·(row − the model's row) for each row of a token.
  private static func addition(
    _ term: Combination.TokenTerm, _ weight: some StoredWeight
  ) throws -> Addition {
    let columns = weight.columnCount
    let rows = try term.rows.file.doubles(term.rows.entry)
    guard rows.allSatisfy(\.isFinite) else {
      throw AdapterError(file: term.rows.file.path, reason: .notFinite(module: term.rows.module))
    }
    var added: [Int: [Double]] = [:]
    for (index, row) in (term.rows.indices ?? []).enumerated() {
      let own = rows[index * columns..<(index + 1) * columns]
      added[row] = zip(own, weight.doubles(rows: row..<row + 1)).map { term.weight * ($0 - $1) }
    }
    return .scattered(added)
  }

  private static func check(_ isFinite: Bool, _ layer: Combination.Layer) throws(AdapterError) {
    if isFinite { return }
    let module = layer.terms[0].module
    throw AdapterError(file: module.file.path, reason: .notFinite(module: module.name))
  }
}

extension Additions.Addition {
  /// Adds the rows that lie in a block of the tensor's rows.
  fileprivate func add(
    to block: inout [Float], rows: Range<Int>, columns: Int, inOrder: Bool
  ) {
    switch self {
    case .product(let own, let up, let down, let rank):
      let common = own.clamped(to: rows)
      if common.isEmpty { return }
      let first = common.lowerBound - own.lowerBound
      let factor = Array(up[first * rank..<(first + common.count) * rank])
      let place = (common.lowerBound - rows.lowerBound) * columns
      let add = inOrder ? addProductInOrder : addProduct
      if common == rows {
        add(factor, down, rank, &block)
      } else {
        var part = Array(block[place..<place + common.count * columns])
        add(factor, down, rank, &part)
        block.replaceSubrange(place..<place + part.count, with: part)
      }
    case .scattered(let changes):
      for (row, change) in changes where rows.contains(row) {
        let place = (row - rows.lowerBound) * columns
        for index in 0..<columns { block[place + index] += Float(change[index]) }
      }
    case .whole(let own, let matrix):
      let common = own.clamped(to: rows)
      let first = (common.lowerBound - own.lowerBound) * columns
      let place = (common.lowerBound - rows.lowerBound) * columns
      for index in 0..<common.count * columns {
        block[place + index] += Float(matrix.elements[first + index])
      }
    }
  }
}
