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
    unsafe numbers.withUnsafeMutableBufferPointer { buffer in
      for (block, scale) in scales.enumerated() {
        for index in block * NVFP4.blockSize..<(block + 1) * NVFP4.blockSize {
          unsafe buffer[index] = scale == 0 ? 0 * buffer[index] : buffer[index] / scale
        }
      }
    }
    if let steps = FloatSteps(.float4) {
      rounding.apply(steps, to: &numbers, first: rows.lowerBound * columns)
    }
    let codes = numbers.map(Self.code)
    for (index, code) in codes.enumerated() {
      let stored = Float(NVFP4.values[Int(code)]) * scales[index / NVFP4.blockSize]
      numbers[index] = numbers[index].isNaN ? .nan : stored
    }
    return stride(from: 0, to: codes.count, by: 2).map { codes[$0] << 4 | codes[$0 + 1] }
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

  /// The code of the nearest number; ties go to the even code.
  private static func code(_ number: Float) -> UInt8 {
    let magnitude = number.magnitude
    // The thresholds lie halfway between neighbours; a tie goes to the even one of the two.
    let code: UInt8 =
      switch magnitude {
      case ...0.25: 0
      case ..<0.75: 1
      case ...1.25: 2
      case ..<1.75: 3
      case ...2.5: 4
      case ..<3.5: 5
      case ...5: 6
      default: magnitude.isNaN ? 0 : 7
      }
    return number.sign == .minus ? code | 8 : code
  }

  func others() -> [[UInt8]] { [blockScales, encoded(floats: [scale], as: scaleType)] }
}
