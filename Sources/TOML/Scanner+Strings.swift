extension Scanner {
  /// Reads a string in any of the four spellings, if one stands next.
  mutating func takeString() throws(TOMLError.Reason) -> String? {
    if take("\"\"\"") { return try longString(quote: UInt8(ascii: "\""), "\"\"\"", escapes: true) }
    if take("'''") { return try longString(quote: UInt8(ascii: "'"), "'''", escapes: false) }
    if take("\"") { return try shortString(until: UInt8(ascii: "\""), escapes: true) }
    if take("'") { return try shortString(until: UInt8(ascii: "'"), escapes: false) }
    return nil
  }

  private mutating func shortString(
    until quote: UInt8, escapes: Bool
  ) throws(TOMLError.Reason) -> String {
    var bytes: [UInt8] = []
    while let byte = next, byte != UInt8(ascii: "\n"), !stands("\r\n") {
      if byte == quote {
        advance()
        return String(decoding: bytes, as: UTF8.self)
      }
      try takeCharacter(byte, into: &bytes, escapes: escapes)
    }
    throw .unterminatedString
  }

  /// A string over several lines; up to two quotation marks may stand before the closing three.
  private mutating func longString(
    quote: UInt8, _ end: StaticString, escapes: Bool
  ) throws(TOMLError.Reason) -> String {
    var bytes: [UInt8] = []
    _ = takeNewline()
    while let byte = next {
      if take(end) {
        for _ in 0..<2 where next == quote {
          bytes.append(quote)
          advance()
        }
        return String(decoding: bytes, as: UTF8.self)
      }
      if takeNewline() {
        bytes.append(UInt8(ascii: "\n"))
      } else if escapes, byte == UInt8(ascii: "\\"), try skipLineContinuation() {
        continue
      } else {
        try takeCharacter(byte, into: &bytes, escapes: escapes)
      }
    }
    throw .unterminatedString
  }

  /// Passes a backslash at the end of a line with all blank space after it.
  private mutating func skipLineContinuation() throws(TOMLError.Reason) -> Bool {
    var ahead = self
    ahead.advance()
    ahead.skipSpaces()
    guard ahead.takeNewline() else { return false }
    while true {
      ahead.skipSpaces()
      guard ahead.takeNewline() else { break }
    }
    self = ahead
    return true
  }

  private mutating func takeCharacter(
    _ byte: UInt8, into bytes: inout [UInt8], escapes: Bool
  ) throws(TOMLError.Reason) {
    try Self.check(byte)
    advance()
    if escapes, byte == UInt8(ascii: "\\") {
      bytes += try escape()
    } else {
      bytes.append(byte)
    }
  }

  private mutating func escape() throws(TOMLError.Reason) -> [UInt8] {
    guard let byte = next else { throw .unterminatedString }
    advance()
    switch byte {
    case UInt8(ascii: "b"): return [0x08]
    case UInt8(ascii: "t"): return [0x09]
    case UInt8(ascii: "n"): return [0x0A]
    case UInt8(ascii: "f"): return [0x0C]
    case UInt8(ascii: "r"): return [0x0D]
    case UInt8(ascii: "\""), UInt8(ascii: "\\"): return [byte]
    case UInt8(ascii: "u"): return try codePoint(digits: 4)
    case UInt8(ascii: "U"): return try codePoint(digits: 8)
    default: throw .unknownEscape(String(decoding: [byte], as: UTF8.self))
    }
  }

  private mutating func codePoint(digits: Int) throws(TOMLError.Reason) -> [UInt8] {
    var text = ""
    while text.utf8.count < digits, let byte = next, byte < 0x80 {
      text.unicodeScalars.append(Unicode.Scalar(byte))
      advance()
    }
    guard text.utf8.count == digits, text.allSatisfy(\.isHexDigit),
      let value = UInt32(text, radix: 16), let scalar = Unicode.Scalar(value)
    else { throw .unknownEscape((digits == 4 ? "u" : "U") + text) }
    return Array(String(Character(scalar)).utf8)
  }
}
