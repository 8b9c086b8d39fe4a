import Safetensors
import Tensors

/// Factors that can be put side by side byte by byte, up to signs: nothing is decoded or rounded,
/// so nothing is lost.
struct VerbatimFactors {
  private let parts: [ConcatenatedModule]
  private let type: ElementType

  /// - Returns: `nil` if a factor must be computed because its element type, scale or layout
  ///   differs from the result's.
  init?(
    _ parts: [ConcatenatedModule], type: ElementType, naming: Naming, rank: Int, scale: Double
  ) {
    let alpha = Float(scale * Double(rank))
    let isScaleExact =
      naming.storesAlpha ? Double(alpha) / Double(rank) == scale : scale == 1
    guard isScaleExact, type.isFloat, !naming.isTransposed else { return nil }
    for part in parts {
      let modules = [part.module] + part.others.map(\.module)
      guard abs(part.ratio) == 1,
        modules.allSatisfy({ module in
          module.isBareProduct && module.expert == nil
            && [.up, .down].allSatisfy { module.parts[$0]?.type == type }
        })
      else { return nil }
    }
    self.parts = parts
    self.type = type
  }

  private var elementBytes: Int { type.bitCount / 8 }

  func write(up: String, down: String, to writer: SafetensorsWriter) throws {
    var offset = 0
    for part in parts {
      guard let entry = part.module.parts[.down]?.entry else { continue }
      let ranks = part.placement?.ranks ?? Array(0..<part.module.rank)
      let width = entry.range.count / max(part.module.rank, 1)
      try part.module.file.withBytes(of: entry) { bytes in
        try check(bytes, of: part.module)
        if ranks.count == part.module.rank {
          try writer.write(bytes, to: down, at: offset)
        } else {
          for (index, rank) in ranks.enumerated() {
            try writer.write(
              bytes.extracting(rank * width..<(rank + 1) * width), to: down,
              at: offset + index * width)
          }
        }
      }
      offset += ranks.count * width
    }
    for module in parts.flatMap({ [$0.module] + $0.others.map(\.module) }) {
      guard let entry = module.parts[.up]?.entry else { continue }
      try module.file.withBytes(of: entry) { bytes in try check(bytes, of: module) }
    }
    try unsafe writer.write(joinedUps().span.bytes, to: up)
  }

  private func check(_ bytes: RawSpan, of module: Module) throws(AdapterError) {
    if bytes.holdsFiniteFloats(of: type) { return }
    throw AdapterError(file: module.file.path, reason: .notFinite(module: module.name))
  }

  /// The ups side by side: row i joins the rows i of all ups that have one.
  private func joinedUps() -> [UInt8] {
    let rows = parts[0].placement?.outputs ?? parts[0].module.extents.outputs
    let widths = parts.map { elementBytes * ($0.placement?.ranks?.count ?? $0.module.rank) }
    let stride = widths.reduce(0, +)
    return unsafe [UInt8](unsafeUninitializedCapacity: rows * stride) { buffer, count in
      let joined = UnsafeMutableRawBufferPointer(buffer)
      if parts.contains(where: { $0.placement != nil }) {
        unsafe joined.initializeMemory(as: UInt8.self, repeating: 0)
      }
      var column = 0
      for (part, width) in zip(parts, widths) {
        unsafe copy(part.module, part.placement, to: joined, stride: stride, column: column)
        for other in part.others {
          unsafe copy(other.module, other.placement, to: joined, stride: stride, column: column)
        }
        if part.ratio < 0 {
          unsafe flipSigns(joined, rows: rows, stride: stride, columns: column..<column + width)
        }
        column += width
      }
      count = rows * stride
    }
  }

  /// Copies the rows of a module's up to their places.
  private func copy(
    _ module: Module, _ placement: Placement?, to joined: UnsafeMutableRawBufferPointer,
    stride: Int, column: Int
  ) {
    guard let entry = module.parts[.up]?.entry else { return }
    let whole = 0..<module.extents.outputs
    let moves = placement?.moves ?? [.init(from: whole, to: 0)]
    let (width, size) = (elementBytes * module.rank, elementBytes)
    module.file.withBytes(of: entry) { bytes in
      unsafe bytes.withUnsafeBytes { source in
        for move in moves {
          for (index, row) in move.from.enumerated() {
            let place = (move.to + index) * stride + column
            guard let ranks = placement?.ranks else {
              unsafe UnsafeMutableRawBufferPointer(rebasing: joined[place..<place + width])
                .copyMemory(
                  from: UnsafeRawBufferPointer(rebasing: source[row * width..<(row + 1) * width]))
              continue
            }
            for (column, rank) in ranks.enumerated() {
              let first = row * width + rank * size
              unsafe UnsafeMutableRawBufferPointer(
                rebasing: joined[place + column * size..<place + (column + 1) * size]
              ).copyMemory(
                from: UnsafeRawBufferPointer(rebasing: source[first..<first + size]))
            }
          }
        }
      }
    }
  }

  /// Flips the sign bit (the top bit of the last byte) of every element in some columns.
  private func flipSigns(
    _ bytes: UnsafeMutableRawBufferPointer, rows: Int, stride: Int, columns: Range<Int>
  ) {
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
  /// Whether no element is NaN or infinite, that is, has an exponent of all ones.
  fileprivate func holdsFiniteFloats(of type: ElementType) -> Bool {
    switch type {
    case .float64: clearsABit(of: 0x7FF0_0000_0000_0000 as UInt64)
    case .float32: clearsABit(of: 0x7F80_0000 as UInt32)
    case .float16: clearsABit(of: 0x7C00 as UInt16)
    default: clearsABit(of: 0x7F80 as UInt16)
    }
  }

  /// Whether every element has a bit of the mask clear; computed as a minimum so that it
  /// vectorises.
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
