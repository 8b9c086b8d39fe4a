import Adapters
import QuantizedWeights
import Safetensors
import Tensors

/// One tensor with the adapters' update.
struct BakedTensor {
  let file: SafetensorsFile
  let entry: Header.Entry
  let changes: [BakedLayers.Change]
  let layers: BakedLayers

  /// The number of elements held at a time: small enough that the buffers are reused and stay in
  /// the cache.
  static let blockElementCount = 1 << 16

  /// Computes the tensor in blocks of rows and writes them.
  func write(to writer: SafetensorsWriter) throws -> Verification {
    if let own = OwnRows(changes, of: entry) { return try write(own, to: writer) }
    let additions = try Additions(changes, to: PlainWeight(entry, in: file))
    let rows = max(entry.shape.extents.first ?? 1, 1)
    let columns = entry.elementCount / rows
    let height = max(1, Self.blockElementCount / max(columns, 1))
    let width = columns * entry.type.bitCount / 8
    var (asked, error, norm) = (0.0, 0.0, 0.0)
    for start in stride(from: 0, to: rows, by: height) {
      let block = start..<min(start + height, rows)
      let change = additions.change(of: block)
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

  /// The upper bound of the rounding error, squared: each sum is rounded to 32 bits, then to the
  /// type.
  func mostRounding(squaredNorm: Double) -> Double {
    let roundings = (entry.type == .float64 ? [] : [ElementType.float32]) + [entry.type]
    let bounds = roundings.map {
      $0.maxSquaredRoundingError(squaredNorm: squaredNorm, count: entry.elementCount).squareRoot()
    }
    let bound = bounds.reduce(0, +)
    return bound * bound
  }
}
