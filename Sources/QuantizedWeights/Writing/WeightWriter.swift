package import Safetensors

/// Codes and scales made of numbers that come a few rows at a time.
package protocol WeightWriter: Sendable {
  /// The tensors that hold the weight, the codes first.
  var tensors: [Layout.Tensor] { get }

  /// The bits of one code; each number has one.
  var codeBitCount: Int { get }

  /// Rows come in multiples of so many, but for the last.
  var rowStep: Int { get }

  /// Whether all rows are measured before any is encoded.
  var measuresFirst: Bool { get }

  /// Looks at some rows, in order.
  mutating func measure(_ numbers: [Float], rows: Range<Int>)

  /// Encodes some rows, in order.
  ///
  /// - Parameter numbers: Becomes what the codes stand for.
  /// - Returns: The codes, as they lie in the tensor.
  mutating func encode(
    _ numbers: inout [Float], rows: Range<Int>, rounding: Rounding
  ) -> [UInt8]

  /// The bytes of the other tensors, once all rows are encoded.
  func others() -> [[UInt8]]
}

extension WeightWriter {
  package var rowStep: Int { 1 }
  package var measuresFirst: Bool { false }
  package mutating func measure(_ numbers: [Float], rows: Range<Int>) {}
  package func others() -> [[UInt8]] { [] }
}
