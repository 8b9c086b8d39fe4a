// Stored elements plus numbers, stored again: what baking does to every element it touches. Loops
// without a branch, in 32 bits, so that they vectorise.

/// Elements with numbers added to them, as stored.
package struct StoredSum {
  package let bytes: [UInt8]

  /// The rounding error of each element: stored − (element + addend).
  package let errors: [Float]
}

/// Adds numbers to stored elements: each sum is rounded to 32 bits, then to the type.
///
/// - Parameter type: One that `encoded` can store.
/// - Returns: Errors that are exact to 32 bits, whichever of the two roundings made them.
package func sum(
  of elements: RawSpan, as type: ElementType, and addends: [Float]
) -> StoredSum {
  switch type {
  case .float64: return wideSum(of: elements, and: addends)
  case .float32:
    return sum(
      of: elements, and: addends, decode: { Float(bitPattern: UInt32(littleEndian: $0)) },
      encode: { $0.bitPattern.littleEndian })
  case .bfloat16:
    return sum(
      of: elements, and: addends, decode: { float(brain: UInt16(littleEndian: $0)) },
      encode: { brain(rounding: $0).littleEndian })
  case .float16:
    return sum(
      of: elements, and: addends, decode: { float(half: UInt16(littleEndian: $0)) },
      encode: { half(rounding: $0).littleEndian })
  case .float8e4m3: return sum(of: elements, and: addends, in: .float8e4m3)
  case .float8e5m2: return sum(of: elements, and: addends, in: .float8e5m2)
  case .float8e4m3fnuz: return sum(of: elements, and: addends, in: .float8e4m3fnuz)
  case .float8e5m2fnuz: return sum(of: elements, and: addends, in: .float8e5m2fnuz)
  default: preconditionFailure("cannot store numbers as \(type.rawValue)")
  }
}

@inline(__always)
private func sum(
  of elements: RawSpan, and addends: [Float], in format: FloatFormat
) -> StoredSum {
  sum(
    of: elements, and: addends, decode: { (code: UInt8) in format.value(UInt16(code)) },
    encode: { UInt8(truncatingIfNeeded: format.code(rounding: $0)) })
}

/// The sums, with the error of the first rounding by Knuth's 2Sum.
@inline(__always)
private func sum<Stored: FixedWidthInteger & BitwiseCopyable>(
  of elements: RawSpan, and addends: [Float], decode: (Stored) -> Float,
  encode: (Float) -> Stored
) -> StoredSum {
  let (count, width) = (addends.count, MemoryLayout<Stored>.size)
  precondition(elements.byteCount == count * width, "\(elements.byteCount) bytes of \(count)")
  var errors = addends
  var bytes = [UInt8](repeating: 0, count: count * width)
  unsafe elements.withUnsafeBytes { source in
    guard let source = source.baseAddress else { return }
    unsafe add(source, &errors, storing: &bytes, count: count, decode, encode)
  }
  return StoredSum(bytes: bytes, errors: errors)
}

/// The loop, a function of pointers: within closures it would call `decode` and `encode` for each
/// element.
///
/// - Parameter errors: The addends; become the rounding errors.
@inline(__always)
private func add<Stored: FixedWidthInteger & BitwiseCopyable>(
  _ source: UnsafeRawPointer, _ errors: UnsafeMutablePointer<Float>,
  storing bytes: UnsafeMutableRawPointer, count: Int, _ decode: (Stored) -> Float,
  _ encode: (Float) -> Stored
) {
  for index in 0..<count {
    let offset = index &* MemoryLayout<Stored>.size
    let element = decode(unsafe source.loadUnaligned(fromByteOffset: offset, as: Stored.self))
    let addend = unsafe errors[index]
    let sum = element + addend
    let share = sum - element
    let lost = (element - (sum - share)) + (addend - share)
    let stored = encode(sum)
    unsafe bytes.storeBytes(of: stored, toByteOffset: offset, as: Stored.self)
    unsafe errors[index] = (decode(stored) - sum) - lost
  }
}

/// Elements of 64 bits: their sums need more than 32.
private func wideSum(of elements: RawSpan, and addends: [Float]) -> StoredSum {
  let before = doubles(from: elements, as: .float64)
  let after = zip(before, addends).map { $0 + Double($1) }
  let errors = after.indices.map { index in
    let share = after[index] - before[index]
    let lost = (before[index] - (after[index] - share)) + (Double(addends[index]) - share)
    return Float(-lost)
  }
  return StoredSum(bytes: encoded(after, as: .float64), errors: errors)
}

/// The sum of the squares of 32-bit floats, in 64 bits.
package func squaredNorm(_ elements: [Float]) -> Double {
  var sums = SIMD8<Double>()
  let whole = elements.count / 8 * 8
  unsafe elements.withUnsafeBytes { bytes in
    for index in stride(from: 0, to: whole, by: 8) {
      let part = SIMD8<Double>(
        unsafe bytes.loadUnaligned(fromByteOffset: index * 4, as: SIMD8<Float>.self))
      sums += part * part
    }
  }
  return elements[whole...].reduce(sums.sum()) { $0 + Double($1) * Double($1) }
}
