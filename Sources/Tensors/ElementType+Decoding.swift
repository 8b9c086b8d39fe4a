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

/// The elements of a tensor's bytes as 32-bit floats; wider ones are rounded.
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
  case .float64, .int64, .uint64, .int32, .uint32: doubles(from: bytes, as: type).map(Float.init)
  case .complex64: preconditionFailure("complex numbers are not real ones")
  default: smallFloats(from: bytes, as: type)
  }
}

extension RawSpan {
  /// Every whole element, loaded at any alignment and converted.
  fileprivate func elements<Stored: FixedWidthInteger & BitwiseCopyable, Result>(
    _ convert: (Stored) -> Result
  ) -> [Result] {
    let count = byteCount / MemoryLayout<Stored>.size
    return unsafe withUnsafeBytes { bytes in
      unsafe [Result](unsafeUninitializedCapacity: count) { buffer, initialized in
        for index in 0..<count {
          let stored = unsafe bytes.loadUnaligned(
            fromByteOffset: index * MemoryLayout<Stored>.size, as: Stored.self)
          unsafe buffer.initializeElement(at: index, to: convert(stored))
        }
        initialized = count
      }
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

// MARK: - Below 16 bits

/// The layout of a small float: sign, exponent and mantissa bits, and what its last codes mean.
struct SmallFloat {
  let exponentBits: Int
  let mantissaBits: Int
  let bias: Int

  enum Specials {
    /// All-ones exponent: infinity and NaN, as in IEEE 754.
    case ieee

    /// All ones but the sign: NaN; there is no infinity.
    case onlyNaN

    /// The code of −0 is NaN; there is no infinity and no −0.
    case negativeZeroIsNaN

    /// Every code is a number.
    case none
  }

  let specials: Specials

  init?(_ type: ElementType) {
    switch type {
    case .float8e5m2: self.init(5, 2, bias: 15, .ieee)
    case .float8e4m3: self.init(4, 3, bias: 7, .onlyNaN)
    case .float8e5m2fnuz: self.init(5, 2, bias: 16, .negativeZeroIsNaN)
    case .float8e4m3fnuz: self.init(4, 3, bias: 8, .negativeZeroIsNaN)
    case .float6e2m3: self.init(2, 3, bias: 1, .none)
    case .float6e3m2: self.init(3, 2, bias: 3, .none)
    case .float4: self.init(2, 1, bias: 1, .none)
    default: return nil
    }
  }

  private init(_ exponentBits: Int, _ mantissaBits: Int, bias: Int, _ specials: Specials) {
    self.exponentBits = exponentBits
    self.mantissaBits = mantissaBits
    self.bias = bias
    self.specials = specials
  }

  func value(_ code: UInt8) -> Float {
    let signBit = UInt8(1) << (exponentBits + mantissaBits)
    let magnitude = Int(code & (signBit - 1))
    let exponent = magnitude >> mantissaBits
    let mantissa = magnitude & ((1 << mantissaBits) - 1)
    let isLastExponent = exponent == (1 << exponentBits) - 1
    switch specials {
    case .ieee where isLastExponent && mantissa > 0: return .nan
    case .ieee where isLastExponent: return code & signBit == 0 ? .infinity : -.infinity
    case .onlyNaN where magnitude == Int(signBit) - 1: return .nan
    case .negativeZeroIsNaN where code == signBit: return .nan
    default: break
    }
    let significand = exponent == 0 ? mantissa : mantissa + 1 << mantissaBits
    let power = max(exponent, 1) - bias - mantissaBits
    let value = Float(sign: .plus, exponent: power, significand: Float(significand))
    return code & signBit == 0 ? value : -value
  }
}

/// Elements of 4, 6 and 8 bits, packed from the lowest bit of each byte up.
private func smallFloats(from bytes: RawSpan, as type: ElementType) -> [Float] {
  let table: [Float] =
    if let format = SmallFloat(type) {
      (0..<(1 << type.bitCount)).map { format.value(UInt8($0)) }
    } else {  // F8_E8M0: a power of two, without sign
      (0..<256).map { $0 == 255 ? .nan : Float(sign: .plus, exponent: $0 - 127, significand: 1) }
    }
  let count = bytes.byteCount * 8 / type.bitCount
  let mask = (1 << type.bitCount) - 1
  return (0..<count).map { index in
    let bit = index * type.bitCount
    let low = Int(unsafe bytes.unsafeLoad(fromByteOffset: bit / 8, as: UInt8.self))
    let next = bit / 8 + 1
    let high =
      next < bytes.byteCount
      ? Int(unsafe bytes.unsafeLoad(fromByteOffset: next, as: UInt8.self)) : 0
    return table[(high << 8 | low) >> (bit % 8) & mask]
  }
}
