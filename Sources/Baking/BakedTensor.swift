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

  private var inputs: [Combination.Input] { layers.combination.inputs }

  /// Some rows of the tensor, and what is added to them.
  fileprivate enum Addition {
    /// rows × r times r × columns.
    case product(rows: Range<Int>, up: [Float], down: [Float], rank: Int)

    /// rows × columns, in 64 bits.
    case whole(rows: Range<Int>, Matrix)
  }

  /// How many elements are held at a time: few enough that their buffers are used again and stay
  /// in the cache.
  private static let blockElementCount = 1 << 16

  /// Computes the tensor in blocks of rows and writes them.
  func write(to writer: SafetensorsWriter) throws -> Verification {
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
  private func mostRounding(squaredNorm: Double) -> Double {
    let roundings = (entry.type == .float64 ? [] : [ElementType.float32]) + [entry.type]
    let most = roundings.reduce(0) {
      $0 + $1.mostRounding(squaredNorm: squaredNorm, count: entry.elementCount).squareRoot()
    }
    return most * most
  }

  private func addition(_ change: BakedLayers.Change) throws -> Addition {
    let piece = change.piece
    let source = piece.offset..<piece.offset + piece.rows.count
    defer { change.layer.release(in: inputs) }
    if change.key.role == .bias {
      let bias = try change.layer.bias(in: inputs) ?? []
      let part = Matrix(rows: source.count, columns: 1, elements: Array(bias[source]))
      return .whole(rows: piece.rows, part)
    }
    if !change.layer.isDense && !piece.isTransposed, change.layer.isThin {
      let factors = try change.layer.sum(in: inputs)
      try check(factors.up.isFinite && factors.down.isFinite, change)
      return .product(
        rows: piece.rows, up: factors.up.rows(in: source).elements.map { Float($0) },
        down: factors.down.elements.map { Float($0) }, rank: factors.rank)
    }
    let whole = try change.layer.difference(in: inputs)
    try check(whole.isFinite, change)
    if piece.isTransposed { return .whole(rows: 0..<whole.columns, whole.transposed) }
    return .whole(rows: piece.rows, whole.rows(in: source))
  }

  private func check(_ isFinite: Bool, _ change: BakedLayers.Change) throws(AdapterError) {
    if isFinite { return }
    let term = change.layer.terms[0]
    throw AdapterError(
      file: inputs[term.input].adapter.file.path, reason: .notFinite(module: term.module.name))
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
