package import Safetensors

/// Encodes numbers, which come a few rows at a time, as codes and scales.
package protocol WeightWriter: Sendable {
  /// The tensors that hold the weight, the codes first.
  var tensors: [Layout.Tensor] { get }

  /// The bits of one code; each number has one.
  var codeBitCount: Int { get }

  /// The number of rows per call is a multiple of this, except for the last call.
  var rowStep: Int { get }

  /// Whether all rows are measured before any is encoded.
  var measuresFirst: Bool { get }

  /// Measures some rows; they come in order.
  mutating func measure(_ numbers: [Float], rows: Range<Int>)

  /// Encodes some rows; they come in order.
  ///
  /// - Parameter numbers: Replaced by the decoded numbers.
  /// - Returns: The codes in the tensor's layout.
  mutating func encode(
    _ numbers: inout [Float], rows: Range<Int>, rounding: Rounding
  ) -> [UInt8]

  /// The bytes of the other tensors, after all rows are encoded.
  func others() -> [[UInt8]]
}

extension WeightWriter {
  package var rowStep: Int { 1 }
  package var measuresFirst: Bool { false }
  package mutating func measure(_ numbers: [Float], rows: Range<Int>) {}
  package func others() -> [[UInt8]] { [] }
}
