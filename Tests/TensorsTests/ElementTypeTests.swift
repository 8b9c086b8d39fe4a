import Foundation
import TestSupport
import Testing

@testable import Tensors

/// The floats below 16 bits, in the order of `small-floats.bin`.
private let smallFloats: [ElementType] = [
  .float4, .float6e2m3, .float6e3m2, .float8e5m2, .float8e4m3, .float8e8m0, .float8e4m3fnuz,
  .float8e5m2fnuz,
]

/// The types that numbers are rounded to, in the order of `rounding.bin`.
private let targets: [ElementType] = [
  .float16, .bfloat16, .float8e5m2, .float8e4m3, .float8e4m3fnuz, .float8e5m2fnuz,
]

/// Bit patterns, all NaNs being one.
private func patterns(_ numbers: [Float]) -> [UInt32] {
  numbers.map { $0.isNaN ? 0x7FC0_0000 : $0.bitPattern }
}

private func floats(_ bytes: [UInt8], as type: ElementType) -> [Float] {
  unsafe Tensors.floats(from: bytes.span.bytes, as: type)
}

private func doubles(_ bytes: [UInt8], as type: ElementType) -> [Double] {
  unsafe Tensors.doubles(from: bytes.span.bytes, as: type)
}

private func littleEndian<Integer: FixedWidthInteger>(_ integers: [Integer]) -> [UInt8] {
  integers.flatMap { integer in
    (0..<Integer.bitWidth / 8).map { UInt8(truncatingIfNeeded: integer >> ($0 * 8)) }
  }
}

private func fixture(_ name: String) throws -> [UInt8] {
  [UInt8](try Data(contentsOf: Fixtures.directory.appending(path: "tensors/\(name)")))
}

@Suite struct DecodingTests {
  /// Against NumPy's Float16, by way of the compiler's.
  @Test func everyHalf() {
    let codes = Array(UInt16.min ... .max)
    let expected = codes.map { Float(Float16(bitPattern: $0)) }
    #expect(patterns(floats(littleEndian(codes), as: .float16)) == patterns(expected))
    #expect(doubles(littleEndian(codes), as: .float16).count == 65_536)
  }

  @Test func everyBFloat16() {
    let codes = Array(UInt16.min ... .max)
    let expected = codes.map { Float(bitPattern: UInt32($0) << 16) }
    #expect(patterns(floats(littleEndian(codes), as: .bfloat16)) == patterns(expected))
  }

  @Test(arguments: smallFloats) func everySmallCode(type: ElementType) throws {
    var tables = floats(try fixture("small-floats.bin"), as: .float32)[...]
    for earlier in smallFloats.prefix(while: { $0 != type }) {
      tables = tables.dropFirst(1 << earlier.bitCount)
    }
    let codes = Array(0..<UInt16(1 << type.bitCount))
    let expected = Array(tables.prefix(codes.count))
    #expect(patterns(floats(packed(codes, type.bitCount), as: type)) == patterns(expected))
  }

  /// Codes of `bitCount` bits, the first in the lowest bits.
  private func packed(_ codes: [UInt16], _ bitCount: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: codes.count * bitCount / 8)
    for (index, code) in codes.enumerated() {
      for bit in 0..<bitCount where code >> bit & 1 == 1 {
        let at = index * bitCount + bit
        bytes[at / 8] |= 1 << (at % 8)
      }
    }
    return bytes
  }

  @Test func integersAndBooleans() {
    #expect(floats([0, 1, 2, 255], as: .bool) == [0, 1, 1, 1])
    #expect(floats([0, 127, 128, 255], as: .int8) == [0, 127, -128, -1])
    #expect(floats([0, 127, 128, 255], as: .uint8) == [0, 127, 128, 255])
    #expect(floats([0xFF, 0xFF, 0x00, 0x80], as: .int16) == [-1, -32768])
    #expect(floats([0xFF, 0xFF, 0x00, 0x80], as: .uint16) == [65535, 32768])
    #expect(doubles(littleEndian([Int32.min, -1]), as: .int32) == [-0x1p31, -1])
    #expect(doubles(littleEndian([UInt32.max]), as: .uint32) == [0x1p32 - 1])
    #expect(doubles(littleEndian([Int64.min, -1]), as: .int64) == [-0x1p63, -1])
    #expect(doubles(littleEndian([UInt64.max]), as: .uint64) == [0x1p64])
  }

  /// 2⁵⁴ + 2³⁰ + 1 is above a tie of 24 bits; by way of 53 bits it would be on it.
  @Test func longIntegersAreRoundedOnce() {
    let number: Int64 = 1 << 54 + 1 << 30 + 1
    #expect(floats(littleEndian([number]), as: .int64) == [0x1p54 + 0x1p31])
    #expect(floats(littleEndian([UInt64(number)]), as: .uint64) == [0x1p54 + 0x1p31])
  }

  @Test func wideFloatsKeepTheirBits() {
    let numbers = [0, -0.0, 1.5, .infinity, Double.leastNonzeroMagnitude, .pi]
    #expect(doubles(littleEndian(numbers.map(\.bitPattern)), as: .float64) == numbers)
    #expect(
      floats(littleEndian(numbers.map(\.bitPattern)), as: .float64) == numbers.map(Float.init))
    let single = numbers.map(Float.init)
    #expect(floats(littleEndian(single.map(\.bitPattern)), as: .float32) == single)
    #expect(
      doubles(littleEndian(single.map(\.bitPattern)), as: .float32) == single.map(Double.init))
  }

  /// A span may begin anywhere in a file.
  @Test(arguments: 0..<8) func anyAlignmentWill(offset: Int) {
    let bytes = Array(repeating: 0, count: offset) + littleEndian([Double.pi.bitPattern])
    let numbers = unsafe Tensors.doubles(from: bytes.span.bytes.extracting(offset...), as: .float64)
    #expect(numbers == [.pi])
  }

  @Test(arguments: ElementType.allCases.filter { $0 != .complex64 })
  func nothingGivesNothing(type: ElementType) {
    #expect(floats([], as: type).isEmpty)
    #expect(doubles([], as: type).isEmpty)
  }
}

@Suite struct EncodingTests {
  struct Row {
    let number: Double
    let codes: [UInt16]
  }

  private static func rows() throws -> [Row] {
    let bytes = try fixture("rounding.bin")
    return stride(from: 0, to: bytes.count, by: 16).map { at in
      let row = Array(bytes[at..<at + 16])
      let number = doubles(Array(row[..<8]), as: .float64)[0]
      let wide = [UInt16(row[8]) | UInt16(row[9]) << 8, UInt16(row[10]) | UInt16(row[11]) << 8]
      return Row(number: number, codes: wide + row[12...].map(UInt16.init))
    }
  }

  /// Ties, neighbours of ties that rounding twice gets wrong, subnormals, overflows.
  @Test(arguments: targets.indices) func roundsToTheNearest(target: Int) throws {
    let rows = try Self.rows()
    let type = targets[target]
    let bytes = encoded(rows.map(\.number), as: type)
    let codes = type.bitCount == 8 ? bytes.map(UInt16.init) : pairs(bytes)
    for (row, code) in zip(rows, codes) where row.codes[target] != code {
      Issue.record("\(row.number) became \(code), not \(row.codes[target]), as \(type.rawValue)")
    }
    #expect(codes.count == rows.count)
  }

  private func pairs(_ bytes: [UInt8]) -> [UInt16] {
    stride(from: 0, to: bytes.count, by: 2).map { UInt16(bytes[$0]) | UInt16(bytes[$0 + 1]) << 8 }
  }

  @Test(arguments: targets) func everyCodeComesBack(type: ElementType) {
    let isShort = type.bitCount == 8
    let codes = isShort ? Array(UInt8.min ... .max) : littleEndian(Array(UInt16.min ... .max))
    let numbers = doubles(codes, as: type)
    let back = encoded(numbers, as: type)
    #expect(patterns(floats(back, as: type)) == patterns(numbers.map(Float.init)))
    if isShort {
      #expect(zip(back, codes).allSatisfy { $0 == $1 || floats([$1], as: type)[0].isNaN })
    }
  }

  @Test func halvesAreTheCompilersHalves() {
    var generator = Philox(seed: 16, stream: 0)
    for _ in 0..<100_000 {
      let number = Double(bitPattern: generator.next())
      let expected = Float16(number)
      let code = half(rounding: number)
      #expect(expected.isNaN ? Float16(bitPattern: code).isNaN : code == expected.bitPattern)
    }
  }

  @Test(arguments: targets) func nanStaysNaN(type: ElementType) {
    for nan in [Double.nan, -.nan, .signalingNaN] {
      #expect(floats(encoded([nan], as: type), as: type)[0].isNaN)
    }
  }

  /// Where there is no infinity, one becomes NaN, and a number too large the largest.
  @Test func beyondTheRange() {
    for type in [ElementType.float16, .bfloat16, .float8e5m2] {
      #expect(floats(encoded([.infinity, -1e300], as: type), as: type) == [.infinity, -.infinity])
    }
    for (type, largest) in [
      (ElementType.float8e4m3, Float(448)), (.float8e4m3fnuz, 240), (.float8e5m2fnuz, 57344),
    ] {
      #expect(floats(encoded([1e300, -1e300], as: type), as: type) == [largest, -largest])
      #expect(floats(encoded([.infinity], as: type), as: type)[0].isNaN)
    }
  }

  @Test func wideFloatsAreStoredAsTheyAre() {
    #expect(encoded([-2], as: .float64) == [0, 0, 0, 0, 0, 0, 0, 0xC0])
    #expect(encoded([-2], as: .float32) == [0, 0, 0, 0xC0])
    #expect(encoded([1e300], as: .float32) == [0, 0, 0x80, 0x7F])
  }

  @Test func integersAreNotWritten() async {
    await #expect(processExitsWith: .failure) { _ = encoded([1], as: .int32) }
  }
}
