import Glibc
import QuantizedWeights
package import Safetensors
package import Tensors

extension CheckpointLayers {
  /// Reads the exact difference of a layer between two checkpoints: outputs × columns.
  ///
  /// If both store the layer alike, it is read a few rows at a time: one matrix is held, not three.
  package func difference(_ key: Key, from other: CheckpointLayers) throws -> Matrix {
    let (ours, theirs) = (self[key], other[key])
    guard ours.count == 1, theirs.count == 1, !ours[0].isTransposed, !theirs[0].isTransposed else {
      return try matrix(key) - other.matrix(key)
    }
    let (rows, columns) = (ours[0].rows.count, ours[0].columns)
    var elements: [Double] = []
    elements.reserveCapacity(rows * columns)
    forEachStretch(ours[0], theirs[0], of: other) { first, second in
      elements += zip(first, second).lazy.map { $0 - $1 }
    }
    return Matrix(rows: rows, columns: columns, elements: elements)
  }

  /// ‖ours − theirs‖² of a layer; a few rows are held at a time if both store it alike.
  package func squaredDistance(_ key: Key, from other: CheckpointLayers) throws -> Double {
    let (ours, theirs) = (self[key], other[key])
    guard ours.count == 1, theirs.count == 1, !ours[0].isTransposed, !theirs[0].isTransposed else {
      return try (matrix(key) - other.matrix(key)).squaredNorm
    }
    var sum = 0.0
    forEachStretch(ours[0], theirs[0], of: other) { first, second in
      for (a, b) in zip(first, second) { sum += (a - b) * (a - b) }
    }
    return sum
  }

  /// Passes the elements of two pieces of equal height, neither transposed, a few rows at a time.
  private func forEachStretch(
    _ ours: Piece, _ theirs: Piece, of other: CheckpointLayers,
    _ body: (_ ours: [Double], _ theirs: [Double]) -> Void
  ) {
    let height = max(1, (1 << 20) / max(ours.columns, 1))
    for start in stride(from: 0, to: ours.rows.count, by: height) {
      let part = start..<min(start + height, ours.rows.count)
      body(doubles(ours, part), other.doubles(theirs, part))
    }
  }

  /// Reads some rows of a piece that is not transposed.
  private func doubles(_ piece: Piece, _ rows: Range<Int>) -> [Double] {
    if let quantized = piece.quantized {
      let first = piece.rows.lowerBound
      return quantized.doubles(rows: first + rows.lowerBound..<first + rows.upperBound)
    }
    let width = piece.columns * piece.entry.type.bitCount / 8
    let first = piece.rows.lowerBound + rows.lowerBound
    return checkpoint.parts[piece.part].file.withBytes(of: piece.entry) { bytes in
      Tensors.doubles(
        from: bytes.extracting(first * width..<(first + rows.count) * width), as: piece.entry.type)
    }
  }

  /// Reads a full layer, exactly: outputs × columns.
  ///
  /// - Throws: If the checkpoint has only some of its rows.
  package func matrix(_ key: Key) throws -> Matrix {
    guard let shape = shape(key) else {
      throw AdapterError(
        file: checkpoint.path,
        reason: .refused("\(key.target) is not whole; is the download complete?"))
    }
    let parts = self[key].map { piece in
      let file = checkpoint.parts[piece.part].file
      let columns = piece.columns
      if piece.isTransposed {
        let elements =
          piece.quantized.map { $0.doubles(rows: 0..<$0.rowCount) }
          ?? file.withBytes(of: piece.entry) { Tensors.doubles(from: $0, as: piece.entry.type) }
        return Matrix(rows: columns, columns: elements.count / columns, elements: elements)
          .transposed.rows(in: piece.rows)
      }
      return Matrix(
        rows: piece.rows.count, columns: columns, elements: doubles(piece, 0..<piece.rows.count))
    }
    return parts.count == 1
      ? parts[0]
      : Matrix(
        rows: shape.extents[0], columns: parts[0].columns, elements: parts.flatMap(\.elements))
  }

  /// The element types of the layers' weights; bfloat16 for weights that are codes and scales.
  package var floatTypes: [ElementType] {
    Array(Set(keys.flatMap { self[$0].map { $0.quantized == nil ? $0.entry.type : .bfloat16 } }))
  }

  /// Tells the system that a layer's bytes are no longer needed in memory.
  package func release(_ key: Key) {
    for piece in self[key] {
      piece.quantized?.release()
      checkpoint.parts[piece.part].file.release(piece.entry)
    }
  }
}

extension CheckpointLayers.Piece {
  /// One slice of a tensor of three extents, such as an expert's.
  package init(slice index: Int, of entry: Header.Entry, part: Int, isTransposed: Bool) {
    self.init(
      part: part, entry: entry, quantized: nil, rows: index..<index + 1, offset: 0,
      isTransposed: isTransposed)
  }

  /// The same rows of the tensor at another row of a layer.
  package func at(_ offset: Int) -> CheckpointLayers.Piece {
    CheckpointLayers.Piece(
      part: part, entry: entry, quantized: quantized, rows: rows, offset: offset,
      isTransposed: isTransposed)
  }
}

extension ElementType {
  /// Whether the elements are floats that `encoded` can write.
  package var isStoredFloat: Bool {
    switch self {
    case .float64, .float32, .float16, .bfloat16, .float8e4m3, .float8e5m2, .float8e4m3fnuz,
      .float8e5m2fnuz:
      true
    default: false
    }
  }
}

extension CheckpointLayers {
  /// Whether another checkpoint's layer holds the same values.
  package func holdsSame(_ key: Key, as other: CheckpointLayers) throws -> Bool {
    let (ours, theirs) = (self[key], other[key])
    defer {
      release(key)
      other.release(key)
    }
    let areAlike =
      ours.count == 1 && theirs.count == 1 && ours[0].rows == theirs[0].rows
      && ours[0].entry.type == theirs[0].entry.type
      && ours[0].extents == theirs[0].extents && ours[0].isTransposed == theirs[0].isTransposed
    if (ours + theirs).contains(where: { $0.quantized != nil }) {
      return try squaredDistance(key, from: other) == 0
    }
    guard areAlike else { return try matrix(key) == other.matrix(key) }
    return checkpoint.parts[ours[0].part].file.withBytes(of: ours[0].entry) { first in
      other.checkpoint.parts[theirs[0].part].file.withBytes(of: theirs[0].entry) { second in
        let width = ours[0].isTransposed ? 0 : first.byteCount / max(ours[0].extents[0], 1)
        let rows = ours[0].rows
        let range =
          ours[0].isTransposed
          ? 0..<first.byteCount : rows.lowerBound * width..<rows.upperBound * width
        return first.extracting(range).isEqual(to: second.extracting(range))
      }
    }
  }
}

extension RawSpan {
  package func isEqual(to other: RawSpan) -> Bool {
    if byteCount != other.byteCount { return false }
    return unsafe withUnsafeBytes { first in
      unsafe other.withUnsafeBytes { second in
        guard let a = first.baseAddress, let b = second.baseAddress else { return true }
        return unsafe memcmp(a, b, first.count) == 0
      }
    }
  }
}
