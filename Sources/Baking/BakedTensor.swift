import Adapters
import LinearAlgebra
import Safetensors
import Tensors

/// One tensor with what adapters add to it.
struct BakedTensor {
  let file: SafetensorsFile
  let entry: Header.Entry
  let changes: [BakedLayers.Change]
  let layers: BakedLayers

  /// Some rows of the tensor, and what is added to them.
  fileprivate enum Addition {
    /// rows × r times r × columns.
    case product(rows: Range<Int>, up: [Float], down: [Float], rank: Int)

    /// rows × columns, in 64 bits.
    case whole(rows: Range<Int>, Matrix)

    /// Some rows by their numbers, each with what is added to it.
    case scattered([Int: [Double]])
  }

  /// How many elements are held at a time: few enough that their buffers are used again and stay
  /// in the cache.
  static let blockElementCount = 1 << 16

  /// Computes the tensor in blocks of rows and writes them.
  func write(to writer: SafetensorsWriter) throws -> Verification {
    if let own = OwnRows(changes, of: entry) { return try write(own, to: writer) }
    let additions = try changes.map(addition)
    let rows = max(entry.shape.extents.first ?? 1, 1)
    let columns = entry.elementCount / rows
    let height = max(1, Self.blockElementCount / max(columns, 1))
    let width = columns * entry.type.bitCount / 8
    var (asked, error, norm) = (0.0, 0.0, 0.0)
    for start in stride(from: 0, to: rows, by: height) {
      let block = start..<min(start + height, rows)
      var change = [Float](repeating: 0, count: block.count * columns)
      for addition in additions { addition.add(to: &change, rows: block, columns: columns) }
      let place = block.lowerBound * width
      let stored = file.withBytes(of: entry) { bytes in
        sum(
          of: bytes.extracting(place..<block.upperBound * width), as: entry.type, and: change)
      }
      try unsafe writer.write(stored.bytes.span.bytes, to: entry.name.string, at: place)
      asked += squaredNorm(change)
      error += squaredNorm(stored.errors)
      norm += unsafe squaredNorm(floats(from: stored.bytes.span.bytes, as: entry.type))
    }
    return Verification(
      askedSquared: asked, errorSquared: error, roundingSquared: mostRounding(squaredNorm: norm))
  }

  /// The most that rounding can have done: each sum is rounded to 32 bits, then to the type.
  func mostRounding(squaredNorm: Double) -> Double {
    let roundings = (entry.type == .float64 ? [] : [ElementType.float32]) + [entry.type]
    let most = roundings.reduce(0) {
      $0 + $1.mostRounding(squaredNorm: squaredNorm, count: entry.elementCount).squareRoot()
    }
    return most * most
  }

  private func addition(_ change: BakedLayers.Change) throws -> Addition {
    switch change.source {
    case .layer(let layer): try addition(layer, change.key, change.piece)
    case .tokens(let term): try addition(term)
    }
  }

  private func addition(
    _ layer: Combination.Layer, _ key: CheckpointLayers.Key, _ piece: CheckpointLayers.Piece
  ) throws -> Addition {
    let source = piece.offset..<piece.offset + piece.rows.count
    defer { layer.release() }
    if key.role == .bias {
      let bias = try layer.bias() ?? []
      let part = Matrix(rows: source.count, columns: 1, elements: Array(bias[source]))
      return .whole(rows: piece.rows, part)
    }
    if layer.expert != nil && entry.shape.rank == 3 {
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

  /// t·(row − the model's) for each row of a token.
  private func addition(_ term: Combination.TokenTerm) throws -> Addition {
    let rows = try term.rows.file.doubles(term.rows.entry)
    guard rows.allSatisfy(\.isFinite) else {
      throw AdapterError(file: term.rows.file.path, reason: .notFinite(module: term.rows.module))
    }
    let width = entry.shape.extents[1]
    var added: [Int: [Double]] = [:]
    for (index, row) in (term.rows.indices ?? []).enumerated() {
      let own = rows[index * width..<(index + 1) * width]
      added[row] = zip(own, stored(row, width)).map { term.weight * ($0 - $1) }
    }
    return .scattered(added)
  }

  /// A row of the tensor as the checkpoint has it.
  private func stored(_ row: Int, _ width: Int) -> [Double] {
    let byteCount = width * entry.type.bitCount / 8
    return file.withBytes(of: entry) { bytes in
      doubles(
        from: bytes.extracting(row * byteCount..<(row + 1) * byteCount), as: entry.type)
    }
  }

  private func check(_ isFinite: Bool, _ layer: Combination.Layer) throws(AdapterError) {
    if isFinite { return }
    let module = layer.terms[0].module
    throw AdapterError(file: module.file.path, reason: .notFinite(module: module.name))
  }
}

extension BakedTensor.Addition {
  /// Adds what falls into a block of the tensor's rows.
  fileprivate func add(to block: inout [Float], rows: Range<Int>, columns: Int) {
    switch self {
    case .product(let own, let up, let down, let rank):
      let common = own.clamped(to: rows)
      if common.isEmpty { return }
      let first = common.lowerBound - own.lowerBound
      let factor = Array(up[first * rank..<(first + common.count) * rank])
      let place = (common.lowerBound - rows.lowerBound) * columns
      if common == rows {
        addProduct(factor, down, rank: rank, to: &block)
      } else {
        var part = Array(block[place..<place + common.count * columns])
        addProduct(factor, down, rank: rank, to: &part)
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
