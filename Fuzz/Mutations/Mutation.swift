import Tensors

/// Changes to an input, drawn from one stream of random numbers.
struct Mutation {
  var generator: Philox
  let words: [[UInt8]]

  /// No input becomes longer.
  private static let limit = 1 << 16

  /// Numbers that no network, picture or file has, or just has.
  private static let numbers = [
    "0", "-0", "-1", "1", "2", "3", "7", "64", "255", "256", "65535", "65536", "1048577",
    "2147483647", "2147483648", "-2147483648", "4294967295", "4294967296", "9007199254740993",
    "4611686018427387904", "9223372036854775807", "9223372036854775808", "-9223372036854775808",
    "18446744073709551615", "18446744073709551616", "1e19", "1e38", "1e39", "1e308", "-1e308",
    "1e309", "1e-45", "1e-320", "0.5", "-0.5", "1.0", "nan", "inf", "-inf", "NaN", "Infinity",
    "null", "true", "\"\"", "[]", "{}", "[1]", "[[]]", "\"x\"",
  ]

  private mutating func below(_ count: Int) -> Int {
    count < 1 ? 0 : Int(generator.next() % UInt64(count))
  }

  private mutating func byte() -> UInt8 { UInt8(truncatingIfNeeded: generator.next()) }

  /// One of the files with one to eight changes.
  mutating func applied(to files: [[UInt8]]) -> [UInt8] {
    var bytes = files[below(files.count)]
    for _ in 0..<1 << below(4) {
      switch below(12) {
      case 0: replaceNumber(in: &bytes)
      case 1: replaceNumber(in: &bytes)
      case 2: insert(words.isEmpty ? [byte()] : words[below(words.count)], into: &bytes)
      case 3: changeByte(in: &bytes)
      case 4: changeInteger(in: &bytes)
      case 5: bytes.removeSubrange(range(in: bytes, upTo: 64))
      case 6: insert((0..<1 + below(16)).map { _ in byte() }, into: &bytes)
      case 7: insert(Array(bytes[range(in: bytes, upTo: 256)]), into: &bytes)
      case 8: changeLine(in: &bytes)
      case 9:
        let other = files[below(files.count)]
        insert(Array(other[range(in: other, upTo: 512)]), into: &bytes)
      case 10: bytes.removeLast(below(2) == 0 ? 0 : below(bytes.count + 1))
      default: repeatPiece(of: &bytes)
      }
    }
    return Array(bytes.prefix(Self.limit))
  }

  private mutating func range(in bytes: [UInt8], upTo limit: Int) -> Range<Int> {
    let start = below(bytes.count + 1)
    return start..<min(bytes.count, start + below(limit + 1))
  }

  private mutating func insert(_ piece: [UInt8], into bytes: inout [UInt8]) {
    bytes.insert(contentsOf: piece, at: below(bytes.count + 1))
  }

  private mutating func changeByte(in bytes: inout [UInt8]) {
    guard !bytes.isEmpty else { return }
    let index = below(bytes.count)
    bytes[index] = below(2) == 0 ? byte() : bytes[index] ^ 1 << UInt8(below(8))
  }

  /// Puts 1, 2, 4 or 8 bytes of a number at a limit somewhere, in either order.
  private mutating func changeInteger(in bytes: inout [UInt8]) {
    let count = 1 << below(4)
    guard bytes.count >= count else { return }
    let values: [UInt64] = [0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 1 << 31, 1 << 32 - 1, .max]
    let value = values[below(values.count)]
    var piece = (0..<count).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) }
    if below(2) == 0 { piece.reverse() }
    let start = below(bytes.count - count + 1)
    bytes.replaceSubrange(start..<start + count, with: piece)
  }

  /// Replaces a number that is written in digits.
  private mutating func replaceNumber(in bytes: inout [UInt8]) {
    let isDigit = { (byte: UInt8) in 0x30...0x39 ~= byte }
    let start = below(bytes.count + 1)
    guard let first = bytes[start...].firstIndex(where: isDigit) ?? bytes.firstIndex(where: isDigit)
    else { return }
    let end = bytes[first...].firstIndex { !isDigit($0) } ?? bytes.count
    let number = Array(Self.numbers[below(Self.numbers.count)].utf8)
    bytes.replaceSubrange(first..<end, with: number)
  }

  /// Removes a line, or writes it twice, or elsewhere.
  private mutating func changeLine(in bytes: inout [UInt8]) {
    var lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
    let index = below(lines.count)
    let line = lines[index]
    if below(3) > 0 { lines.remove(at: index) }
    if below(2) == 0 { lines.insert(line, at: below(lines.count + 1)) }
    bytes = Array(lines.joined(separator: [0x0A]))
  }

  /// Writes a short piece many times: depth, and long lists.
  private mutating func repeatPiece(of bytes: inout [UInt8]) {
    let piece = Array(bytes[range(in: bytes, upTo: 8)])
    let count = 1 << below(11)
    guard piece.count * count < Self.limit else { return }
    insert(Array([[UInt8]](repeating: piece, count: count).joined()), into: &bytes)
  }
}
