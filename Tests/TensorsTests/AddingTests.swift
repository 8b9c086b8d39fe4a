import Tensors
import Testing

/// Sums of stored elements and numbers, beside sums in 64 bits.
@Suite struct AddingTests {
  static let types: [ElementType] = [
    .float64, .float32, .float16, .bfloat16, .float8e4m3, .float8e5m2, .float8e4m3fnuz,
    .float8e5m2fnuz,
  ]

  /// Numbers of every size that the type has, subnormal ones too, and what is added to them.
  private func pairs(_ type: ElementType) -> (elements: [Double], addends: [Float]) {
    var generator = Philox(seed: 3, stream: 1)
    let exponents = type == .float8e4m3 || type == .float8e4m3fnuz ? -11...6 : -26...12
    let numbers = (0..<20_000).map { _ in
      Double(
        sign: Bool.random(using: &generator) ? .plus : .minus,
        exponent: Int.random(in: exponents, using: &generator),
        significand: Double.random(in: 1..<2, using: &generator))
    }
    let elements = unsafe doubles(from: encoded(numbers, as: type).span.bytes, as: type)
    let addends = elements.map { element in
      let share = Float.random(in: -1...1, using: &generator)
      return Bool.random(using: &generator) ? Float(element) * share : share * 0.01
    }
    return (elements, addends)
  }

  @Test(arguments: types) func sumIsRoundedTo32BitsAndToTheType(type: ElementType) {
    let (elements, addends) = pairs(type)
    let stored = unsafe sum(of: encoded(elements, as: type).span.bytes, as: type, and: addends)
    let wanted = zip(elements, addends).map {
      type == .float64 ? $0 + Double($1) : Double(Float($0) + $1)
    }
    #expect(stored.bytes == encoded(wanted, as: type))
    let after = unsafe doubles(from: stored.bytes.span.bytes, as: type)
    for index in after.indices {
      let exact = elements[index] + Double(addends[index])
      let error = after[index] - exact
      #expect(abs(Double(stored.errors[index]) - error) <= 1e-6 * abs(error) + 1e-15 * abs(exact))
    }
  }

  /// Whole elements of a type, and codes that are no numbers.
  @Test(arguments: types.dropFirst()) func everyCodePlusNothingIsItself(type: ElementType) {
    let width = type.bitCount / 8
    let codes = (0..<(width == 1 ? 256 : 65_536)).flatMap { code in
      (0..<width).map {
        UInt8(truncatingIfNeeded: width == 4 ? (code << 16) >> (8 * $0) : code >> (8 * $0))
      }
    }
    let zeros = [Float](repeating: 0, count: codes.count / width)
    let stored = unsafe sum(of: codes.span.bytes, as: type, and: zeros)
    let before = unsafe floats(from: codes.span.bytes, as: type)
    let after = unsafe floats(from: stored.bytes.span.bytes, as: type)
    for (a, b) in zip(before, after) { #expect(a == b || a.isNaN && b.isNaN) }
  }

  @Test(arguments: types.dropFirst()) func whatIsTooLargeIsAsEncoded(type: ElementType) {
    let addends: [Float] = [1e6, -1e6, 3e38, .infinity, -.infinity, .nan, 448, 480, 65_519, 65_520]
    let zeros = encoded(addends.map { _ in 0 }, as: type)
    let stored = unsafe sum(of: zeros.span.bytes, as: type, and: addends)
    let expected = encoded(addends.map(Double.init), as: type)
    let (a, b) = unsafe (
      floats(from: stored.bytes.span.bytes, as: type), floats(from: expected.span.bytes, as: type)
    )
    for (a, b) in zip(a, b) { #expect(a == b || a.isNaN && b.isNaN) }
  }

  @Test(arguments: [0, 1, 7, 8, 9, 1000]) func squaresAreSummedIn64Bits(count: Int) {
    var generator = Philox(seed: 4, stream: UInt64(count))
    let numbers = (0..<count).map { _ in Float.random(in: -3...3, using: &generator) }
    let expected = numbers.reduce(0) { $0 + Double($1) * Double($1) }
    #expect(abs(squaredNorm(numbers) - expected) <= 1e-13 * expected)
  }
}
