import Adapters
import Safetensors
import Tensors

/// Rows of a tensor that are replaced by an adapter's rows, bit for bit.
struct OwnRows {
  private let file: SafetensorsFile
  private let entry: Header.Entry

  /// For each row of the tensor, the adapter's row; `nil` if all rows are the adapter's, in order.
  private let numbers: [Int: Int]?
  private let module: String

  /// - Returns: `nil` if there are several changes, if a weight is not 1, or if something is added.
  init?(_ changes: [BakedLayers.Change], of tensor: Header.Entry) {
    guard changes.count == 1, let change = changes.first else { return nil }
    switch change.source {
    case .tokens(let term):
      guard term.weight == 1 else { return nil }
      numbers = Dictionary(
        (term.rows.indices ?? []).enumerated().map { ($1, $0) }, uniquingKeysWith: { $1 })
      (file, entry) = (term.rows.file, term.rows.entry)
      module = term.rows.module
    case .layer(let layer):
      guard layer.terms.count == 1, let term = layer.terms.first, term.weight == 1,
        let own = term.module.own(change.key.role), own.elementCount == tensor.elementCount
      else { return nil }
      numbers = nil
      (file, entry) = (term.module.file, own)
      module = term.module.name
    }
  }

  /// The new values of a row; `nil` where the row stays.
  ///
  /// - Throws: `.notFinite` if it holds NaN or an infinity.
  func values(ofRow row: Int, columns: Int) throws(AdapterError) -> [Double]? {
    guard let number = numbers.map({ $0[row] }) ?? row else { return nil }
    let width = columns * entry.type.bitCount / 8
    let values = file.withBytes(of: entry) { bytes in
      doubles(from: bytes.extracting(number * width..<(number + 1) * width), as: entry.type)
    }
    guard values.allSatisfy(\.isFinite) else {
      throw AdapterError(file: file.path, reason: .notFinite(module: module))
    }
    return values
  }

  func release() { file.release(entry) }
}

extension Module {
  /// The tensor that replaces a layer's weight or bias, if nothing else changes it.
  fileprivate func own(_ role: CheckpointLayers.Role) -> Header.Entry? {
    switch role {
    case .weight: rank == 0 ? parts[.weight]?.entry : nil
    case .bias: parts[.biasDifference] == nil ? parts[.bias]?.entry : nil
    }
  }
}

extension BakedTensor {
  /// Writes the tensor with some of its rows replaced.
  func write(_ own: OwnRows, to writer: SafetensorsWriter) throws -> Verification {
    defer { own.release() }
    let rows = max(entry.shape.extents.first ?? 1, 1)
    let columns = entry.elementCount / rows
    let height = max(1, Self.blockElementCount / max(columns, 1))
    let width = columns * entry.type.bitCount / 8
    var (asked, error, norm) = (0.0, 0.0, 0.0)
    for start in stride(from: 0, to: rows, by: height) {
      let block = start..<min(start + height, rows)
      let range = block.lowerBound * width..<block.upperBound * width
      var bytes = file.withBytes(of: entry) { bytes in
        unsafe bytes.extracting(range).withUnsafeBytes { unsafe Array($0) }
      }
      for row in block {
        guard let wanted = try own.values(ofRow: row, columns: columns) else { continue }
        let place = (row - block.lowerBound) * width
        let before = unsafe doubles(
          from: bytes[place..<place + width].span.bytes, as: entry.type)
        let stored = encoded(wanted, as: entry.type)
        let after = unsafe doubles(from: stored.span.bytes, as: entry.type)
        asked += squaredDistance(wanted, before)
        error += squaredDistance(after, wanted)
        norm += after.reduce(0) { $0 + $1 * $1 }
        bytes.replaceSubrange(place..<place + width, with: stored)
      }
      try unsafe writer.write(bytes.span.bytes, to: entry.name.string, at: range.lowerBound)
    }
    return Verification(
      askedSquared: asked, errorSquared: error, roundingSquared: mostRounding(squaredNorm: norm))
  }
}

private func squaredDistance(_ a: [Double], _ b: [Double]) -> Double {
  zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
}
