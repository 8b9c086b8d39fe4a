// Stored elements to numbers: every type of the format but C64, exactly in
// 64-bit floats (integers beyond 2⁵³ are rounded).

/// The elements of a tensor's bytes, at any alignment.
package func doubles(from bytes: RawSpan, as type: ElementType) -> [Double] {
  switch type {
  case .float64: bytes.elements { Double(bitPattern: UInt64(littleEndian: $0)) }
  case .int64: bytes.elements { Double(Int64(littleEndian: $0)) }
  case .uint64: bytes.elements { Double(UInt64(littleEndian: $0)) }
  case .int32: bytes.elements { Double(Int32(littleEndian: $0)) }
  case .uint32: bytes.elements { Double(UInt32(littleEndian: $0)) }
  case .float32: bytes.elements { Double(Float(bitPattern: UInt32(littleEndian: $0))) }
  case .float16: bytes.elements { Double(float(half: UInt16(littleEndian: $0))) }
  case .bfloat16: bytes.elements { Double(float(brain: UInt16(littleEndian: $0))) }
  default: floats(from: bytes, as: type).map(Double.init)
  }
}

/// The elements of a tensor's bytes as 32-bit floats; wider ones are rounded, once.
package func floats(from bytes: RawSpan, as type: ElementType) -> [Float] {
  switch type {
  case .float32: bytes.elements { Float(bitPattern: UInt32(littleEndian: $0)) }
  case .float16: bytes.elements { float(half: UInt16(littleEndian: $0)) }
  case .bfloat16: bytes.elements { float(brain: UInt16(littleEndian: $0)) }
  case .int16: bytes.elements { Float(Int16(littleEndian: $0)) }
  case .uint16: bytes.elements { Float(UInt16(littleEndian: $0)) }
  case .int8: bytes.elements { (byte: Int8) in Float(byte) }
  case .uint8: bytes.elements { (byte: UInt8) in Float(byte) }
  case .bool: bytes.elements { (byte: UInt8) in byte == 0 ? 0 : 1 }
  case .float64: bytes.elements { Float(Double(bitPattern: UInt64(littleEndian: $0))) }
  case .int64: bytes.elements { Float(Int64(littleEndian: $0)) }
  case .uint64: bytes.elements { Float(UInt64(littleEndian: $0)) }
  case .int32: bytes.elements { Float(Int32(littleEndian: $0)) }
  case .uint32: bytes.elements { Float(UInt32(littleEndian: $0)) }
  case .float8e4m3: bytes.elements { (code: UInt8) in FloatFormat.float8e4m3.value(UInt16(code)) }
  case .float8e5m2: bytes.elements { (code: UInt8) in FloatFormat.float8e5m2.value(UInt16(code)) }
  case .complex64: preconditionFailure("complex numbers are not real ones")
  default: smallFloats(from: bytes, as: type)
  }
}

extension RawSpan {
  /// Every whole element, loaded at any alignment and converted.
  ///
  /// Small floats are computed, too: a table's look-ups do not vectorise. A conversion is written out
  /// where it is called, since a format that is handed on keeps the loop from being compiled for it.
  @inline(__always)
  fileprivate func elements<Stored: FixedWidthInteger & BitwiseCopyable, Result>(
    _ convert: (Stored) -> Result
  ) -> [Result] {
    let width = MemoryLayout<Stored>.size
    let count = byteCount / width
    return unsafe [Result](unsafeUninitializedCapacity: count) { buffer, initialized in
      unsafe withUnsafeBytes { bytes in
        guard let source = bytes.baseAddress, let target = buffer.baseAddress else { return }
        for index in 0..<count {
          let stored = unsafe source.loadUnaligned(
            fromByteOffset: index &* width, as: Stored.self)
          unsafe (target + index).initialize(to: convert(stored))
        }
      }
      initialized = count
    }
  }
}

/// A 16-bit float (IEEE 754 binary16) as a 32-bit one, without a branch so that loops vectorise.
///
/// The exponent is moved to its new place and rescaled by a product, which also normalises what
/// was subnormal; infinities and NaNs, whose exponent is all ones, get theirs back.
@inline(__always)
package func float(half bits: UInt16) -> Float {
  let sign = UInt32(bits & 0x8000) << 16
  let magnitude = UInt32(bits & 0x7FFF) << 13
  let scaled = Float(bitPattern: magnitude) * 0x1p112
  let special: UInt32 = bits & 0x7C00 == 0x7C00 ? 0x7F80_0000 : 0
  return Float(bitPattern: scaled.bitPattern | special | sign)
}

/// A bfloat16 as a 32-bit float: its upper half.
@inline(__always)
package func float(brain bits: UInt16) -> Float {
  Float(bitPattern: UInt32(bits) << 16)
}

/// Elements of 4, 6 and 8 bits, packed from the lowest bit of each byte up.
private func smallFloats(from bytes: RawSpan, as type: ElementType) -> [Float] {
  let table = smallValues(of: type)
  if type.bitCount == 8 { return bytes.elements { (code: UInt8) in table[Int(code)] } }

  let count = bytes.byteCount * 8 / type.bitCount
  let mask = (1 << type.bitCount) - 1
  return (0..<count).map { index in
    let (byte, shift) = (index * type.bitCount / 8, index * type.bitCount % 8)
    let low = Int(unsafe bytes.unsafeLoad(fromByteOffset: byte, as: UInt8.self))
    guard shift + type.bitCount > 8 else { return table[low >> shift & mask] }
    let high = Int(unsafe bytes.unsafeLoad(fromByteOffset: byte + 1, as: UInt8.self))
    return table[(high << 8 | low) >> shift & mask]
  }
}

/// The value of each code.
private func smallValues(of type: ElementType) -> [Float] {
  if let format = FloatFormat(type) {
    return (0..<(1 << type.bitCount)).map { format.value(UInt16($0)) }
  }
  precondition(type == .float8e8m0, "\(type.rawValue) is no small float")
  // A power of two, without sign.
  return (0..<256).map { $0 == 255 ? .nan : Float(sign: .plus, exponent: $0 - 127, significand: 1) }
}

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
  case .float8e4m3:
    return bytes(of: elements) {
      UInt8(truncatingIfNeeded: FloatFormat.float8e4m3.code(rounding: $0))
    }
  case .float8e5m2:
    return bytes(of: elements) {
      UInt8(truncatingIfNeeded: FloatFormat.float8e5m2.code(rounding: $0))
    }
  case .float8e4m3fnuz:
    return bytes(of: elements) {
      UInt8(truncatingIfNeeded: FloatFormat.float8e4m3fnuz.code(rounding: $0))
    }
  case .float8e5m2fnuz:
    return bytes(of: elements) {
      UInt8(truncatingIfNeeded: FloatFormat.float8e5m2fnuz.code(rounding: $0))
    }
  default: return encoded(elements.map(Double.init), as: type)
  }
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
