// Numbers to stored elements, each rounded once, to the nearest and ties to even.

/// The bytes of numbers stored as floats of some type.
///
/// - Parameter type: F64, F32, F16, BF16, or one of the 8-bit floats with a sign; others trap.
/// - Returns: Little-endian, `elements.count · type.bitCount / 8` bytes. A number beyond the range
///   becomes an infinity, or the largest where the type has none.
package func encoded(_ elements: [Double], as type: ElementType) -> [UInt8] {
  switch type {
  case .float64: bytes(of: elements) { $0.bitPattern.littleEndian }
  case .float32: bytes(of: elements) { Float($0).bitPattern.littleEndian }
  case .float16: bytes(of: elements) { half(rounding: $0).littleEndian }
  case .bfloat16: bytes(of: elements) { brain(rounding: $0).littleEndian }
  default: smallCodes(of: elements, as: type)
  }
}

private func bytes<Stored: FixedWidthInteger & BitwiseCopyable>(
  of elements: [Double], _ convert: (Double) -> Stored
) -> [UInt8] {
  let width = MemoryLayout<Stored>.size
  return unsafe [UInt8](unsafeUninitializedCapacity: elements.count * width) { buffer, count in
    let raw = UnsafeMutableRawBufferPointer(buffer)
    for (index, element) in elements.enumerated() {
      unsafe raw.storeBytes(of: convert(element), toByteOffset: index * width, as: Stored.self)
    }
    count = elements.count * width
  }
}

/// A number rounded to 24 bits so that rounding it again to fewer gives what rounding once would.
///
/// Where the 24 bits do not hold the number, their last bit is made odd: no later tie can then
/// look like one that is not ("round to odd"; Boldo and Melquiond, 2005).
private func roundedToOdd(_ number: Double) -> UInt32 {
  let nearest = Float(number)
  let back = Double(nearest)
  if back == number || number.isNaN || nearest.isInfinite { return nearest.bitPattern }
  let towardZero = back.magnitude > number.magnitude ? nearest.bitPattern - 1 : nearest.bitPattern
  return towardZero | 1
}

/// The nearest 16-bit float's bits.
package func half(rounding number: Double) -> UInt16 {
  let bits = roundedToOdd(number)
  let sign = UInt16(bits >> 16) & 0x8000
  let magnitude = bits & 0x7FFF_FFFF
  if magnitude > 0x7F80_0000 { return sign | 0x7E00 }
  if magnitude >= 0x4780_0000 { return sign | 0x7C00 }  // 65536 and above
  if magnitude < 0x3880_0000 {  // below 2⁻¹⁴: count in steps of 2⁻²⁴
    let steps = (Float(bitPattern: magnitude) * 0x1p24).rounded(.toNearestOrEven)
    return sign | UInt16(steps)
  }
  let rebased = magnitude - (112 << 23)
  return sign | UInt16((rebased + 0xFFF + (rebased >> 13 & 1)) >> 13)
}

/// The nearest bfloat16's bits.
package func brain(rounding number: Double) -> UInt16 {
  let bits = roundedToOdd(number)
  if bits & 0x7FFF_FFFF > 0x7F80_0000 { return UInt16(bits >> 16) | 0x40 }
  return UInt16((bits + 0x7FFF + (bits >> 16 & 1)) >> 16)
}

private func smallCodes(of elements: [Double], as type: ElementType) -> [UInt8] {
  guard let format = SmallFloat(type), type.bitCount == 8 else {
    preconditionFailure("cannot store numbers as \(type.rawValue)")
  }
  // The codes of one sign rise with their values: the nearest is found by halving.
  let values = (0..<128).map { Double(format.value(UInt8($0))) }
  let finite = values.prefix { $0.isFinite }
  return elements.map { code(of: $0, finite: Array(finite), format) }
}

private func code(of element: Double, finite: [Double], _ format: SmallFloat) -> UInt8 {
  let sign: UInt8 = element.sign == .minus ? 0x80 : 0
  if element.isNaN { return format.specials == .negativeZeroIsNaN ? 0x80 : sign | 0x7F }
  let magnitude = element.magnitude
  var (low, high) = (0, finite.count - 1)
  while low < high {
    let middle = (low + high) / 2
    if finite[middle] < magnitude { low = middle + 1 } else { high = middle }
  }
  if low > 0 {
    let (below, above) = (magnitude - finite[low - 1], finite[low] - magnitude)
    if below < above || (below == above && low % 2 == 1) { low -= 1 }
  }
  let overflow = 0x1.ep15  // 57344, F8_E5M2's largest, and half a step
  if format.specials == .ieee && magnitude >= overflow { return sign | 0x7C }
  if low == 0 && format.specials == .negativeZeroIsNaN { return 0 }
  return sign | UInt8(low)
}
