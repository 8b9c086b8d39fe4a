import Safetensors
import Tensors

/// Factors that can be put side by side as the bytes they are, up to signs: nothing is decoded,
/// nothing is rounded, and nothing can be lost.
struct VerbatimFactors {
  private let parts: [ConcatenatedModule]
  private let type: ElementType

  /// - Returns: `nil` where a factor must be computed: another element type, a scale of its own, a
  ///   layout that is not that of the result.
  init?(
    _ parts: [ConcatenatedModule], type: ElementType, naming: Naming, rank: Int, scale: Double
  ) {
    let alpha = Float(scale * Double(rank))
    let isScaleExact =
      naming.storesAlpha ? Double(alpha) / Double(rank) == scale : scale == 1
    guard isScaleExact, type.isFloat, !naming.isTransposed else { return nil }
    for part in parts {
      guard part.module.algorithm.isProduct, !part.module.isTucker,
        !part.module.naming.isTransposed, part.module.expert == nil,
        part.placement == nil, abs(part.ratio) == 1, part.module.parts[.up]?.type == type,
        part.module.parts[.down]?.type == type
      else { return nil }
    }
    self.parts = parts
    self.type = type
  }

  func write(up: String, down: String, to writer: SafetensorsWriter) throws {
    var offset = 0
    for part in parts {
      guard let entry = part.module.parts[.down]?.entry else { continue }
      try part.module.file.withBytes(of: entry) { bytes in
        try check(bytes, of: part)
        try writer.write(bytes, to: down, at: offset)
      }
      offset += entry.range.count
    }
    for part in parts {
      guard let entry = part.module.parts[.up]?.entry else { continue }
      try part.module.file.withBytes(of: entry) { bytes in try check(bytes, of: part) }
    }
    try unsafe writer.write(joinedUps().span.bytes, to: up)
  }

  private func check(_ bytes: RawSpan, of part: ConcatenatedModule) throws(AdapterError) {
    if bytes.holdsFiniteFloats(of: type) { return }
    throw AdapterError(file: part.module.file.path, reason: .notFinite(module: part.module.name))
  }

  /// The ups side by side: row i is all of their rows i.
  private func joinedUps() -> [UInt8] {
    let rows = parts[0].module.extents.outputs
    let widths = parts.map { $0.module.rank * type.bitCount / 8 }
    let stride = widths.reduce(0, +)
    return unsafe [UInt8](unsafeUninitializedCapacity: rows * stride) { buffer, count in
      let joined = UnsafeMutableRawBufferPointer(buffer)
      var column = 0
      for (part, width) in zip(parts, widths) {
        guard let entry = part.module.parts[.up]?.entry else { continue }
        part.module.file.withBytes(of: entry) { bytes in
          unsafe bytes.withUnsafeBytes { source in
            for row in 0..<rows {
              unsafe UnsafeMutableRawBufferPointer(
                rebasing: joined[row * stride + column..<row * stride + column + width]
              ).copyMemory(
                from: UnsafeRawBufferPointer(rebasing: source[row * width..<(row + 1) * width]))
            }
          }
        }
        if part.ratio < 0 {
          unsafe flipSigns(joined, rows: rows, stride: stride, columns: column..<column + width)
        }
        column += width
      }
      count = rows * stride
    }
  }

  /// Flips the sign bit, the highest of the last byte, of every element in some columns.
  private func flipSigns(
    _ bytes: UnsafeMutableRawBufferPointer, rows: Int, stride: Int, columns: Range<Int>
  ) {
    let elementBytes = type.bitCount / 8
    for row in 0..<rows {
      var index = row * stride + columns.lowerBound + elementBytes - 1
      for _ in 0..<columns.count / elementBytes {
        unsafe bytes[index] ^= 0x80
        index += elementBytes
      }
    }
  }
}

extension RawSpan {
  /// Whether no element of floats is NaN or infinite: whether none has an exponent of all ones.
  fileprivate func holdsFiniteFloats(of type: ElementType) -> Bool {
    switch type {
    case .float64: clearsABit(of: 0x7FF0_0000_0000_0000 as UInt64)
    case .float32: clearsABit(of: 0x7F80_0000 as UInt32)
    case .float16: clearsABit(of: 0x7C00 as UInt16)
    default: clearsABit(of: 0x7F80 as UInt16)
    }
  }

  /// Whether every element has one of some bits clear; a minimum, so that the loop vectorises.
  private func clearsABit<Bits: FixedWidthInteger & BitwiseCopyable>(of mask: Bits) -> Bool {
    unsafe withUnsafeBytes { bytes in
      var least = mask
      for index in 0..<bytes.count / MemoryLayout<Bits>.size {
        let bits = unsafe bytes.loadUnaligned(
          fromByteOffset: index &* MemoryLayout<Bits>.size, as: Bits.self)
        least = min(least, ~Bits(littleEndian: bits) & mask)
      }
      return least > 0
    }
  }
}

extension ElementType {
  fileprivate var isFloat: Bool {
    switch self {
    case .float64, .float32, .float16, .bfloat16: true
    default: false
    }
  }
}
