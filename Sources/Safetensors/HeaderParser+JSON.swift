import Glibc

extension HeaderParser {
  func invalid(_ detail: String) -> SafetensorsError.Reason {
    .invalidJSON(detail: detail, offset: position)
  }

  /// The next byte; `nil` at the end.
  func peek() -> UInt8? {
    unsafe position < bytes.count ? bytes[position] : nil
  }

  mutating func skipSpace() {
    while let byte = peek(), byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
      position += 1
    }
  }

  /// Passes over a character of JSON's own.
  mutating func take(_ character: Unicode.Scalar, _ place: String) throws(Failure) {
    guard let byte = peek() else { throw invalid("it ends inside \(place)") }
    guard byte == UInt8(ascii: character) else {
      throw invalid("expected '\(character)' in \(place)")
    }
    position += 1
  }
}

// MARK: - Containers

extension HeaderParser {
  /// Open containers allowed at one time, serde_json's limit.
  private static let depthLimit = 127

  /// Calls `body` at each value of an object, with its key.
  mutating func forEachMember(
    _ place: String,
    _ body: (inout HeaderParser, String) throws(Failure) -> Void
  ) throws(Failure) {
    try open("{", place)
    if closes("}") { return }
    repeat {
      let key = try string()
      skipSpace()
      try take(":", place)
      skipSpace()
      try body(&self, key)
    } while try continues("}", place)
  }

  /// Calls `body` at each value of a list.
  mutating func forEachElement(
    _ body: (inout HeaderParser) throws(Failure) -> Void
  ) throws(Failure) {
    try open("[", "a list")
    if closes("]") { return }
    repeat { try body(&self) } while try continues("]", "a list")
  }

  private mutating func open(
    _ character: Unicode.Scalar, _ place: String
  ) throws(Failure) {
    try take(character, place)
    depth += 1
    if depth > Self.depthLimit { throw invalid("more than \(Self.depthLimit) nested containers") }
    skipSpace()
  }

  /// Whether the container just opened is empty; if so, it is past its end.
  private mutating func closes(_ end: Unicode.Scalar) -> Bool {
    guard peek() == UInt8(ascii: end) else { return false }
    position += 1
    depth -= 1
    return true
  }

  /// Whether the container goes on: past its comma, or past its end.
  private mutating func continues(
    _ end: Unicode.Scalar, _ place: String
  ) throws(Failure) -> Bool {
    skipSpace()
    if peek() == UInt8(ascii: ",") {
      position += 1
      skipSpace()
      return true
    }
    try take(end, place)
    depth -= 1
    return false
  }
}

// MARK: - Values

extension HeaderParser {
  /// Passes over a value of a field that the format does not name.
  mutating func skipValue() throws(Failure) {
    switch peek() {
    case UInt8(ascii: "{"):
      try forEachMember("an object") { parser, _ throws(Failure) in try parser.skipValue() }
    case UInt8(ascii: "["):
      try forEachElement { parser throws(Failure) in try parser.skipValue() }
    case UInt8(ascii: "\""): _ = try string()
    case nil: throw invalid("it ends where a value should be")
    default:
      if try skipLiteral("null") { return }
      if try skipLiteral("true") { return }
      if try skipLiteral("false") { return }
      try skipNumber()
    }
  }

  /// - Returns: Whether the literal was there; another word with its first letter is refused.
  mutating func skipLiteral(_ literal: StaticString) throws(Failure) -> Bool {
    let count = literal.utf8CodeUnitCount
    guard unsafe peek() == literal.utf8Start.pointee else { return false }
    guard
      unsafe position + count <= bytes.count,
      unsafe bytes[position..<position + count].elementsEqual(
        UnsafeBufferPointer(start: literal.utf8Start, count: count))
    else { throw invalid("expected '\(literal)'") }
    position += count
    return true
  }

  private mutating func skipNumber() throws(Failure) {
    let start = position
    if peek() == UInt8(ascii: "-") { position += 1 }
    try skipInteger()
    if peek() == UInt8(ascii: ".") {
      position += 1
      guard skipDigits() else { throw invalid("a number ends in a point") }
    }
    if peek() == UInt8(ascii: "e") || peek() == UInt8(ascii: "E") {
      position += 1
      if peek() == UInt8(ascii: "+") || peek() == UInt8(ascii: "-") { position += 1 }
      guard skipDigits() else { throw invalid("a number has no exponent after its e") }
    }
    let text = unsafe String(decoding: bytes[start..<position], as: UTF8.self)
    guard unsafe strtod(text, nil).isFinite else { throw invalid("a number is too large") }
  }

  private mutating func skipInteger() throws(Failure) {
    let start = position
    guard skipDigits() else { throw invalid("expected a value") }
    let hasLeadingZero = unsafe position - start > 1 && bytes[start] == UInt8(ascii: "0")
    if hasLeadingZero { throw invalid("a number begins with 0") }
  }

  private mutating func skipDigits() -> Bool {
    let start = position
    while let byte = peek(), byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") { position += 1 }
    return position > start
  }

  /// Digits alone, without sign, leading zero, fraction or exponent; `nil` where it is not that.
  mutating func plainInteger() -> UInt64? {
    let start = position
    var value: UInt64 = 0
    while let byte = peek(), byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") {
      let (scaled, overflows) = value.multipliedReportingOverflow(by: 10)
      let (sum, overflowsToo) = scaled.addingReportingOverflow(UInt64(byte - UInt8(ascii: "0")))
      if overflows || overflowsToo { return nil }
      value = sum
      position += 1
    }
    let digits = position - start
    let hasLeadingZero = unsafe digits > 1 && bytes[start] == UInt8(ascii: "0")
    if digits == 0 || hasLeadingZero { return nil }
    switch peek() {
    case UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"): return nil
    default: return value
    }
  }
}
