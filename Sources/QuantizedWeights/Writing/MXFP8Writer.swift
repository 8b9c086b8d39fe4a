import Safetensors
import Tensors

/// Writes numbers as ComfyUI's `mxfp8`: a block's scale is the smallest power of two that keeps its
/// numbers within ±448.
struct MXFP8Writer: WeightWriter {
  let tensors: [Layout.Tensor]
  private let order: BlockedScales
  private let columns: Int
  private var exponents: [UInt8]

  var codeBitCount: Int { 8 }

  init(codes: Header.Entry, scale: Header.Entry) {
    tensors = [codes, scale].map {
      Layout.Tensor(name: $0.name.string, type: $0.type, shape: $0.shape)
    }
    columns = codes.shape.extents[1]
    order = BlockedScales(rows: codes.shape.extents[0], blocks: columns / MXFP8.blockSize)
    exponents = Array(repeating: 0, count: order.count)
  }

  mutating func encode(
    _ numbers: inout [Float], rows: Range<Int>, rounding: Rounding
  ) -> [UInt8] {
    let scales = scales(of: numbers, rows: rows)
    numbers.divide(blocksOf: MXFP8.blockSize, by: scales)
    if let steps = FloatSteps(.float8e4m3) {
      rounding.apply(steps, to: &numbers, first: rows.lowerBound * columns)
    }
    let codes = encoded(floats: numbers, as: .float8e4m3)
    numbers = unsafe floats(from: codes.span.bytes, as: .float8e4m3)
    numbers.multiply(blocksOf: MXFP8.blockSize, by: scales)
    return codes
  }

  private mutating func scales(of numbers: [Float], rows: Range<Int>) -> [Float] {
    var scales: [Float] = []
    for row in rows {
      for block in 0..<order.blocks {
        let start = (row - rows.lowerBound) * columns + block * MXFP8.blockSize
        let most = unsafe numbers.withUnsafeBufferPointer {
          unsafe largestMagnitude(
            UnsafeBufferPointer(rebasing: $0[start..<start + MXFP8.blockSize]))
        }
        let exponent = Self.exponent(largest: most)
        exponents[order.place(row: row, block: block)] = exponent
        scales.append(MXFP8.power(exponent))
      }
    }
    return scales
  }

  /// The smallest such exponent, where 127 means 1; 0 for a block of zeros.
  private static func exponent(largest: Float) -> UInt8 {
    guard largest > 0 else { return 0 }
    guard largest.isFinite else { return 254 }
    let needed = Double(largest) / 448
    let exponent = Int(needed.exponent) + (needed.significand > 1 ? 1 : 0)
    return UInt8(min(max(exponent + 127, 1), 254))
  }

  func others() -> [[UInt8]] { [exponents] }
}
