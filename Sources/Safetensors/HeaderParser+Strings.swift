extension HeaderParser {
  /// A string of JSON, its escapes resolved.
  mutating func string() throws(Failure) -> String {
    try take("\"", "a string")
    let start = position
    while let byte = peek() {
      if byte == UInt8(ascii: "\"") {
        let text = unsafe String(decoding: bytes[start..<position], as: UTF8.self)
        position += 1
        return text
      }
      if byte == UInt8(ascii: "\\") {
        return try escapedString(unsafe Array(bytes[start..<position]))
      }
      if byte < 0x20 { throw invalid("a control character in a string") }
      position += 1
    }
    throw invalid("it ends inside a string")
  }

  /// The whole of a string, read on from its first backslash.
  private mutating func escapedString(_ begun: [UInt8]) throws(Failure) -> String {
    var text = begun
    while let byte = peek() {
      if byte < 0x20 { throw invalid("a control character in a string") }
      position += 1
      switch byte {
      case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
      case UInt8(ascii: "\\"): text.append(contentsOf: String(try escape()).utf8)
      default: text.append(byte)
      }
    }
    throw invalid("it ends inside a string")
  }

  /// Reads the character that an escape stands for, after its backslash.
  private mutating func escape() throws(Failure) -> Unicode.Scalar {
    guard let byte = peek() else { throw invalid("it ends inside a string") }
    let scalar: Unicode.Scalar
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): scalar = Unicode.Scalar(byte)
    case UInt8(ascii: "b"): scalar = "\u{08}"
    case UInt8(ascii: "f"): scalar = "\u{0C}"
    case UInt8(ascii: "n"): scalar = "\n"
    case UInt8(ascii: "r"): scalar = "\r"
    case UInt8(ascii: "t"): scalar = "\t"
    case UInt8(ascii: "u"):
      position += 1
      return try unicodeEscape()
    default: throw invalid("an escape that JSON does not have")
    }
    position += 1
    return scalar
  }

  /// One code point, beyond the first 65536 in two escapes.
  private mutating func unicodeEscape() throws(Failure) -> Unicode.Scalar {
    let unit = try hexadecimalDigits()
    if let scalar = Unicode.Scalar(unit) { return scalar }
    let halfOfPair = invalid("half of a surrogate pair")
    for expected in [UInt8(ascii: "\\"), UInt8(ascii: "u")] {
      guard unit < 0xDC00, peek() == expected else { throw halfOfPair }
      position += 1
    }
    let low = try hexadecimalDigits()
    guard (0xDC00..<0xE000).contains(low),
      let scalar = Unicode.Scalar(0x1_0000 + (unit - 0xD800) << 10 + (low - 0xDC00))
    else { throw halfOfPair }
    return scalar
  }

  private mutating func hexadecimalDigits() throws(Failure) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard let digit = peek().flatMap(hexadecimalValue) else {
        throw invalid("\\u without four hexadecimal digits")
      }
      value = value << 4 | digit
      position += 1
    }
    return value
  }
}

private func hexadecimalValue(_ byte: UInt8) -> UInt32? {
  switch byte {
  case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0"))
  case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt32(byte - UInt8(ascii: "a") + 10)
  case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt32(byte - UInt8(ascii: "A") + 10)
  default: nil
  }
}
