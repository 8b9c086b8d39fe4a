import Safetensors
import Tensors

/// Writes numbers as floats, so that the weight leaves its scheme.
struct FloatWriter: WeightWriter {
  let tensors: [Layout.Tensor]
  private let type: ElementType
  private let columns: Int

  var codeBitCount: Int { type.bitCount }

  init(_ weight: some StoredWeight, as type: ElementType) {
    tensors = [
      Layout.Tensor(name: weight.codes.name.string, type: type, shape: weight.shape)
    ]
    self.type = type
    columns = weight.columnCount
  }

  mutating func encode(
    _ numbers: inout [Float], rows: Range<Int>, rounding: Rounding
  ) -> [UInt8] {
    if let steps = FloatSteps(type) {
      rounding.apply(steps, to: &numbers, first: rows.lowerBound * columns)
    }
    let bytes = encoded(floats: numbers, as: type)
    numbers = unsafe floats(from: bytes.span.bytes, as: type)
    return bytes
  }
}
