import Safetensors
import Tensors

/// Writes numbers as ComfyUI's `nvfp4`.
///
/// The tensor's scale is the largest magnitude / (448 · 6). A block's scale is its largest
/// magnitude / 6, divided by the tensor's scale and rounded to E4M3. Codes are numbers divided by
/// both and rounded to E2M1.
struct NVFP4Writer: WeightWriter {
  let tensors: [Layout.Tensor]
  private let order: BlockedScales
  private let scaleType: ElementType
  private let columns: Int
  private var largest: Float = 0
  private var blockScales: [UInt8]

  var codeBitCount: Int { 4 }
  var measuresFirst: Bool { true }

  init(codes: Header.Entry, blockScale: Header.Entry, scale: Header.Entry, shape: Shape) {
    tensors = [codes, blockScale, scale].map {
      Layout.Tensor(name: $0.name.string, type: $0.type, shape: $0.shape)
    }
    columns = shape.extents[1]
    order = BlockedScales(rows: shape.extents[0], blocks: columns / NVFP4.blockSize)
    scaleType = scale.type
    blockScales = Array(repeating: 0, count: order.count)
  }

  mutating func measure(_ numbers: [Float], rows: Range<Int>) {
    unsafe numbers.withUnsafeBufferPointer { largest = unsafe max(largest, largestMagnitude($0)) }
  }

  /// The tensor's scale, rounded to its type.
  private var scale: Float {
    let asked = encoded(floats: [largest / (448 * 6)], as: scaleType)
    return unsafe floats(from: asked.span.bytes, as: scaleType)[0]
  }

  mutating func encode(
    _ numbers: inout [Float], rows: Range<Int>, rounding: Rounding
  ) -> [UInt8] {
    let scales = blockScales(of: numbers, rows: rows)
    numbers.divide(blocksOf: NVFP4.blockSize, by: scales)
    if let steps = FloatSteps(.float4) {
      rounding.apply(steps, to: &numbers, first: rows.lowerBound * columns)
    }
    let codes = unsafe Self.codes(of: &numbers, count: numbers.count)
    numbers.multiply(blocksOf: NVFP4.blockSize, by: scales)
    return codes
  }

  /// The products of both scales, one per block; keeps the codes of the blocks' scales.
  private mutating func blockScales(of numbers: [Float], rows: Range<Int>) -> [Float] {
    let (size, whole) = (NVFP4.blockSize, scale)
    var scales: [Float] = []
    scales.reserveCapacity(numbers.count / size)
    for row in rows {
      for block in 0..<order.blocks {
        let start = (row - rows.lowerBound) * columns + block * size
        let most = unsafe numbers.withUnsafeBufferPointer {
          unsafe largestMagnitude(UnsafeBufferPointer(rebasing: $0[start..<start + size]))
        }
        let asked = whole > 0 ? min(most / 6 / whole, 448) : 0
        let code = encoded(floats: [asked], as: .float8e4m3)
        blockScales[order.place(row: row, block: block)] = code[0]
        scales.append(unsafe whole * floats(from: code.span.bytes, as: .float8e4m3)[0])
      }
    }
    return scales
  }

  /// The codes of the nearest numbers, ties to the even code; two a byte.
  ///
  /// - Parameter numbers: Become what the codes stand for; NaN has no code and stays NaN.
  private static func codes(
    of numbers: UnsafeMutablePointer<Float>, count: Int
  ) -> [UInt8] {
    var codes = [UInt8](repeating: 0, count: count)
    for index in 0..<count {
      let number = unsafe numbers[index]
      let code = code(number)
      codes[index] = UInt8(truncatingIfNeeded: code | number.bitPattern >> 28 & 8)
      // 0, ½, 1, 1½, 2, 3, 4, 6.
      let magnitude = 0.5 * Float(code + max(code, 4) - 4) + (code == 7 ? 1 : 0)
      unsafe numbers[index] = number.isNaN ? number : number.sign == .minus ? -magnitude : magnitude
    }
    return stride(from: 0, to: count, by: 2).map { codes[$0] << 4 | codes[$0 + 1] }
  }

  /// How many halves between neighbours lie below a number's magnitude, each as the even code asks.
  @inline(__always)
  private static func code(_ number: Float) -> UInt32 {
    let magnitude = number.magnitude
    let low: UInt32 = (magnitude > 0.25 ? 1 : 0) + (magnitude >= 0.75 ? 1 : 0)
    let middle: UInt32 = (magnitude > 1.25 ? 1 : 0) + (magnitude >= 1.75 ? 1 : 0)
    let high: UInt32 = (magnitude > 2.5 ? 1 : 0) + (magnitude >= 3.5 ? 1 : 0)
    return low + middle + high + (magnitude > 5 ? 1 : 0)
  }

  func others() -> [[UInt8]] { [blockScales, encoded(floats: [scale], as: scaleType)] }
}
