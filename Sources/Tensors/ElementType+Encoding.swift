// Numbers to stored elements, each rounded once, to the nearest and ties to even.

/// The bytes of numbers stored as floats of some type.
///
/// - Parameter type: F64, F32, F16, BF16, or one of the 8-bit floats with a sign; others trap.
/// - Returns: Little-endian, `elements.count · type.bitCount / 8` bytes. A number beyond the range
///   becomes an infinity, or the largest where the type has none.
package func encoded(_ elements: [Double], as type: ElementType) -> [UInt8] {
  switch type {
  case .float64: return bytes(of: elements) { $0.bitPattern.littleEndian }
  case .float32: return bytes(of: elements) { Float($0).bitPattern.littleEndian }
  case .float16: return bytes(of: elements) { half(rounding: $0).littleEndian }
  case .bfloat16: return bytes(of: elements) { brain(rounding: $0).littleEndian }
  default:
    guard let format = FloatFormat(type), type.bitCount == 8 else {
      preconditionFailure("cannot store numbers as \(type.rawValue)")
    }
    return elements.map { UInt8(format.code(rounding: $0)) }
  }
}

/// The same of 32-bit floats, in loops that vectorise.
package func encoded(floats elements: [Float], as type: ElementType) -> [UInt8] {
  switch type {
  case .float32: return bytes(of: elements) { $0.bitPattern.littleEndian }
  case .float16: return bytes(of: elements) { half(rounding: $0).littleEndian }
  case .bfloat16: return bytes(of: elements) { brain(rounding: $0).littleEndian }
  case .float8e4m3: return codes(of: elements, in: .float8e4m3)
  case .float8e5m2: return codes(of: elements, in: .float8e5m2)
  case .float8e4m3fnuz: return codes(of: elements, in: .float8e4m3fnuz)
  case .float8e5m2fnuz: return codes(of: elements, in: .float8e5m2fnuz)
  default: return encoded(elements.map(Double.init), as: type)
  }
}

@inline(__always)
private func codes(of elements: [Float], in format: FloatFormat) -> [UInt8] {
  bytes(of: elements) { UInt8(truncatingIfNeeded: format.code(rounding: $0)) }
}

/// The nearest 16-bit float's bits.
@inline(__always)
package func half(rounding number: Double) -> UInt16 {
  FloatFormat.float16.code(rounding: number)
}

/// The nearest bfloat16's bits.
@inline(__always)
package func brain(rounding number: Double) -> UInt16 {
  FloatFormat(8, 7, bias: 127, .ieee).code(rounding: number)
}

/// The nearest 16-bit float's bits.
@inline(__always)
package func half(rounding number: Float) -> UInt16 {
  FloatFormat.float16.code(rounding: number)
}

/// The nearest bfloat16's bits: half of what is cut off is added, less one bit where that would
/// take a tie away from the even.
@inline(__always)
package func brain(rounding number: Float) -> UInt16 {
  let bits = number.bitPattern
  let rounded = bits &+ 0x7FFF &+ (bits &>> 16 & 1)
  let code = bits & 0x7FFF_FFFF > 0x7F80_0000 ? bits | 0x40_0000 : rounded
  return UInt16(truncatingIfNeeded: code &>> 16)
}

@inline(__always)
private func bytes<Number, Stored: FixedWidthInteger & BitwiseCopyable>(
  of elements: [Number], _ convert: (Number) -> Stored
) -> [UInt8] {
  let width = MemoryLayout<Stored>.size
  return unsafe [UInt8](unsafeUninitializedCapacity: elements.count * width) { buffer, count in
    unsafe elements.withUnsafeBufferPointer { elements in
      guard let raw = UnsafeMutableRawPointer(buffer.baseAddress) else { return }
      for index in 0..<elements.count {
        let stored = unsafe convert(elements[index])
        unsafe raw.storeBytes(of: stored, toByteOffset: index &* width, as: Stored.self)
      }
    }
    count = elements.count * width
  }
}
