/// Reads `vocab.json`, one flat object of names and ids: a megabyte in a few milliseconds.
struct VocabularyJSON {
  typealias Entry = (id: Int32, name: [UInt8])

  /// Bytes of a name; merging takes the square of it, and CLIP's longest has 73.
  private static let longestName = 1024

  private let bytes: [UInt8]
  private var position = 0

  /// The entries in their order; nil where the bytes are anything else.
  static func entries(_ bytes: [UInt8]) -> [Entry]? {
    var parser = VocabularyJSON(bytes: bytes)
    return parser.object()
  }

  private init(bytes: [UInt8]) { self.bytes = bytes }

  private mutating func object() -> [Entry]? {
    var entries: [Entry] = []
    entries.reserveCapacity(bytes.count / 20)
    guard take("{") else { return nil }
    repeat {
      guard let name = string(), name.count <= Self.longestName, take(":"), let id = number()
      else { return nil }
      entries.append((id, name))
    } while take(",")
    guard take("}"), !skipSpace() else { return nil }
    return entries
  }

  /// Returns whether anything follows.
  @discardableResult
  private mutating func skipSpace() -> Bool {
    while position < bytes.count, [0x20, 0x0A, 0x0D, 0x09].contains(bytes[position]) {
      position += 1
    }
    return position < bytes.count
  }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard skipSpace(), bytes[position] == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func number() -> Int32? {
    guard skipSpace() else { return nil }
    var value: Int32 = 0
    let start = position
    while position < bytes.count, case let digit = bytes[position] &- 0x30, digit < 10 {
      guard value < 100_000_000 else { return nil }
      value = value * 10 + Int32(digit)
      position += 1
    }
    return position > start ? value : nil
  }

  private mutating func string() -> [UInt8]? {
    guard take("\"") else { return nil }
    let start = position
    while position < bytes.count, bytes[position] != UInt8(ascii: "\""),
      bytes[position] != UInt8(ascii: "\\")
    {
      position += 1
    }
    var name = Array(bytes[start..<position])
    while position < bytes.count {
      let byte = bytes[position]
      position += 1
      switch byte {
      case UInt8(ascii: "\""): return name
      case UInt8(ascii: "\\"):
        guard let scalar = escape() else { return nil }
        name += Array(String(scalar).utf8)
      default: name.append(byte)
      }
    }
    return nil
  }

  private static let escapes: [UInt8: Unicode.Scalar] = [
    0x22: "\"", 0x5C: "\\", 0x2F: "/", 0x62: "\u{8}", 0x66: "\u{C}", 0x6E: "\n", 0x72: "\r",
    0x74: "\t",
  ]

  /// Reads the rest of an escape, after its backslash.
  ///
  /// CLIP's characters all lie below U+0143: no surrogates.
  private mutating func escape() -> Unicode.Scalar? {
    guard position < bytes.count else { return nil }
    let letter = bytes[position]
    position += 1
    guard letter == UInt8(ascii: "u") else { return Self.escapes[letter] }
    guard position + 4 <= bytes.count else { return nil }
    defer { position += 4 }
    return UInt32(String(decoding: bytes[position..<position + 4], as: UTF8.self), radix: 16)
      .flatMap(Unicode.Scalar.init)
  }
}
