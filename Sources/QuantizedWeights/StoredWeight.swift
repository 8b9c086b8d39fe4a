package import Safetensors
package import Tensors

/// A weight as a file stores it: codes, and the data that decode them.
package protocol StoredWeight: Sendable {
  /// The scheme's usual name, such as `scaled FP8`.
  var scheme: String { get }

  /// The shape of the decoded numbers.
  var shape: Shape { get }

  var file: SafetensorsFile { get }

  /// The tensors that hold the weight: codes first, then scales, markers and the like.
  var tensors: [Header.Entry] { get }

  /// The decoded numbers of some rows, as exact as 64 bits allow.
  func doubles(rows: Range<Int>) -> [Double]

  /// The decoded numbers of some rows, rounded once or twice to 32 bits.
  func floats(rows: Range<Int>) -> [Float]

  /// A writer for the weight's own scheme and spelling; `nil` if the scheme is read-only.
  func ownWriter() -> (any WeightWriter)?
}

extension StoredWeight {
  package func floats(rows: Range<Int>) -> [Float] { doubles(rows: rows).map { Float($0) } }

  package func ownWriter() -> (any WeightWriter)? { nil }

  /// The tensor of the codes.
  package var codes: Header.Entry { tensors[0] }

  package var rowCount: Int { shape.extents.first ?? 1 }

  /// The number of elements per row.
  package var columnCount: Int { shape.extents.dropFirst().reduce(1, *) }

  /// Tells the system that the weight's bytes are no longer needed in memory.
  package func release() {
    for tensor in tensors { file.release(tensor) }
  }
}

/// A weight whose codes are floats that need no decoding.
package struct PlainWeight: StoredWeight {
  package let file: SafetensorsFile
  package let tensors: [Header.Entry]

  package init(_ entry: Header.Entry, in file: SafetensorsFile) {
    self.file = file
    tensors = [entry]
  }

  package var scheme: String { codes.type.rawValue }
  package var shape: Shape { codes.shape }

  package func doubles(rows: Range<Int>) -> [Double] {
    file.doubles(of: codes, rows.times(columnCount))
  }

  package func floats(rows: Range<Int>) -> [Float] {
    file.floats(of: codes, rows.times(columnCount))
  }

  package func ownWriter() -> (any WeightWriter)? { FloatWriter(self, as: codes.type) }
}

/// A storage scheme that recognises its weights.
protocol QuantizationScheme: SendableMetatype {
  /// The weight whose codes a tensor holds; `nil` if it has another scheme.
  ///
  /// - Throws: If the tensor has this scheme and some of its data are missing or wrong.
  static func weight(
    codes: Header.Entry, in tensors: StoredTensors
  ) throws(QuantizedWeightError) -> (any StoredWeight)?
}

/// All schemes; if several recognise a weight, the first counts.
let quantizationSchemes: [any QuantizationScheme.Type] = [
  ScaledFP8.self, ScaledINT8.self, NVFP4.self, MXFP8.self, BitsAndBytes8.self, BitsAndBytes4.self,
  GGUFBlocks.self,
]
