import Tensors

/// Reads the JSON of a header in one pass over its bytes.
///
/// As strict as the reference implementation (serde_json): numbers of shapes and offsets are plain
/// digits, at most 127 containers are open at a time, surrogates come in pairs, nothing follows
/// the object. Stricter where the format's text is: a tensor named twice is refused, and an entry
/// is an object.
@safe struct HeaderParser {
  typealias Reason = SafetensorsError.Reason

  /// One tensor as its entry claims, before any of it is believed.
  struct Claim {
    let name: TensorName
    let type: ElementType
    let shape: [UInt64]
    let begin: UInt64
    let end: UInt64
  }

  /// Open containers allowed at one time, serde_json's limit.
  private static let depthLimit = 127

  private let bytes: UnsafeBufferPointer<UInt8>
  private var position = 0
  private var depth = 0

  private(set) var claims: [Claim] = []
  private(set) var metadata: Metadata?

  /// - Parameter bytes: Valid UTF-8, lent for the life of the parser.
  init(_ bytes: UnsafeBufferPointer<UInt8>) {
    unsafe self.bytes = bytes
    claims.reserveCapacity(bytes.count / 96)
  }

  mutating func parse() throws(ParseFailure) {
    var hasMetadata = false
    try forEachMember("the header") { parser, key throws(ParseFailure) in
      if key == "__metadata__" {
        if hasMetadata { throw ParseFailure(.invalidMetadata(detail: "is given twice")) }
        hasMetadata = true
        parser.metadata = try parser.metadataValue()
      } else {
        parser.claims.append(try parser.claim(named: TensorName(key)))
      }
    }
    skipSpace()
    if unsafe position < bytes.count { throw invalid("something follows the closing brace") }
  }
}

/// A reason on its way out of the parser; the file's name is added where it is known.
struct ParseFailure: Error {
  let reason: SafetensorsError.Reason
  init(_ reason: SafetensorsError.Reason) { self.reason = reason }
}

// MARK: - What a header holds

extension HeaderParser {
  private mutating func metadataValue() throws(ParseFailure) -> Metadata? {
    if try skipLiteral("null") { return nil }
    guard peek() == UInt8(ascii: "{") else {
      throw ParseFailure(.invalidMetadata(detail: "is not an object"))
    }
    var entries: [Metadata.Entry] = []
    try forEachMember("__metadata__") { parser, key throws(ParseFailure) in
      guard parser.peek() == UInt8(ascii: "\"") else {
        let detail = "has a value that is no string under '\(printable(key))'"
        throw ParseFailure(.invalidMetadata(detail: detail))
      }
      entries.append(Metadata.Entry(key: key, value: try parser.string()))
    }
    return Metadata(entries)
  }

  private mutating func claim(named name: TensorName) throws(ParseFailure) -> Claim {
    var type: ElementType?
    var shape: [UInt64]?
    var offsets: [UInt64]?
    guard peek() == UInt8(ascii: "{") else {
      throw ParseFailure(.invalidEntry(name, detail: "an entry that is no object"))
    }
    try forEachMember("a tensor") { parser, key throws(ParseFailure) in
      switch key {
      case "dtype":
        try parser.refuseSecond(type, key, of: name)
        type = try parser.elementType(of: name)
      case "shape":
        try parser.refuseSecond(shape, key, of: name)
        shape = try parser.integers(key, of: name)
      case "data_offsets":
        try parser.refuseSecond(offsets, key, of: name)
        offsets = try parser.integers(key, of: name)
      default: try parser.skipValue()
      }
    }
    guard let type else { throw ParseFailure(.invalidEntry(name, detail: "no dtype")) }
    guard let shape else { throw ParseFailure(.invalidEntry(name, detail: "no shape")) }
    guard let offsets else { throw ParseFailure(.invalidEntry(name, detail: "no data_offsets")) }
    guard offsets.count == 2 else {
      let detail = "\(offsets.count) data_offsets instead of 2"
      throw ParseFailure(.invalidEntry(name, detail: detail))
    }
    return Claim(name: name, type: type, shape: shape, begin: offsets[0], end: offsets[1])
  }

  private func refuseSecond<Value>(
    _ value: Value?, _ key: String, of name: TensorName
  ) throws(ParseFailure) {
    if value != nil { throw ParseFailure(.invalidEntry(name, detail: "two of \(key)")) }
  }

  private mutating func elementType(of name: TensorName) throws(ParseFailure) -> ElementType {
    guard peek() == UInt8(ascii: "\"") else {
      throw ParseFailure(.invalidEntry(name, detail: "a dtype that is no string"))
    }
    let spelling = try string()
    guard let type = ElementType(rawValue: spelling) else {
      throw ParseFailure(.unknownElementType(name, spelling: spelling))
    }
    return type
  }

  private mutating func integers(
    _ key: String, of name: TensorName
  ) throws(ParseFailure) -> [UInt64] {
    let refusal = ParseFailure(
      .invalidEntry(name, detail: "\(key) that are no list of plain integers"))
    guard peek() == UInt8(ascii: "[") else { throw refusal }
    var values: [UInt64] = []
    try forEachElement { parser throws(ParseFailure) in
      guard let value = parser.plainInteger() else { throw refusal }
      values.append(value)
    }
    return values
  }

  /// Digits alone, without sign, leading zero, fraction or exponent; `nil` where it is not that.
  private mutating func plainInteger() -> UInt64? {
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

// MARK: - JSON

extension HeaderParser {
  func invalid(_ detail: String) -> ParseFailure {
    ParseFailure(.invalidJSON(detail: detail, offset: position))
  }

  func peek() -> UInt8? {
    unsafe position < bytes.count ? bytes[position] : nil
  }

  mutating func skipSpace() {
    while let byte = peek(), byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
      position += 1
    }
  }

  private mutating func take(_ character: Character, _ place: String) throws(ParseFailure) {
    guard let byte = peek() else { throw invalid("the header ends inside \(place)") }
    guard byte == character.asciiValue else { throw invalid("expected '\(character)' in \(place)") }
    position += 1
  }

  private mutating func open(
    _ character: Character, _ place: String
  ) throws(ParseFailure) {
    depth += 1
    if depth > Self.depthLimit { throw invalid("more than \(Self.depthLimit) nested containers") }
    try take(character, place)
    skipSpace()
  }

  /// Whether the container goes on: past its comma, or past its end.
  private mutating func continues(_ end: Character, _ place: String) throws(ParseFailure) -> Bool {
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

  /// Calls `body` at each value of an object, with its key.
  private mutating func forEachMember(
    _ place: String,
    _ body: (inout HeaderParser, String) throws(ParseFailure) -> Void
  ) throws(ParseFailure) {
    skipSpace()
    try open("{", place)
    if peek() == UInt8(ascii: "}") {
      position += 1
      depth -= 1
      return
    }
    repeat {
      let key = try string()
      skipSpace()
      try take(":", place)
      skipSpace()
      try body(&self, key)
    } while try continues("}", place)
  }

  /// Calls `body` at each value of a list.
  private mutating func forEachElement(
    _ body: (inout HeaderParser) throws(ParseFailure) -> Void
  ) throws(ParseFailure) {
    try open("[", "a list")
    if peek() == UInt8(ascii: "]") {
      position += 1
      depth -= 1
      return
    }
    repeat { try body(&self) } while try continues("]", "a list")
  }

  private mutating func skipLiteral(_ literal: StaticString) throws(ParseFailure) -> Bool {
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

  /// Passes over a value of a field that the format does not name.
  private mutating func skipValue() throws(ParseFailure) {
    switch peek() {
    case UInt8(ascii: "{"):
      try forEachMember("an object") { parser, _ throws(ParseFailure) in try parser.skipValue() }
    case UInt8(ascii: "["):
      try forEachElement { parser throws(ParseFailure) in try parser.skipValue() }
    case UInt8(ascii: "\""): _ = try string()
    case nil: throw invalid("the header ends where a value should be")
    default:
      if try skipLiteral("null") { return }
      if try skipLiteral("true") { return }
      if try skipLiteral("false") { return }
      try skipNumber()
    }
  }

  private mutating func skipNumber() throws(ParseFailure) {
    if peek() == UInt8(ascii: "-") { position += 1 }
    let start = position
    guard skipDigits() else { throw invalid("expected a value") }
    let hasLeadingZero = unsafe position - start > 1 && bytes[start] == UInt8(ascii: "0")
    if hasLeadingZero { throw invalid("a number begins with 0") }
    if peek() == UInt8(ascii: ".") {
      position += 1
      guard skipDigits() else { throw invalid("a number ends in a point") }
    }
    if peek() == UInt8(ascii: "e") || peek() == UInt8(ascii: "E") {
      position += 1
      if peek() == UInt8(ascii: "+") || peek() == UInt8(ascii: "-") { position += 1 }
      guard skipDigits() else { throw invalid("a number has no exponent after its e") }
    }
  }

  private mutating func skipDigits() -> Bool {
    let start = position
    while let byte = peek(), byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") { position += 1 }
    return position > start
  }
}

// MARK: - Strings

extension HeaderParser {
  mutating func string() throws(ParseFailure) -> String {
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
    throw invalid("the header ends inside a string")
  }

  /// The rest of a string from its first backslash on.
  private mutating func escapedString(_ begun: [UInt8]) throws(ParseFailure) -> String {
    var text = begun
    while let byte = peek() {
      position += 1
      switch byte {
      case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
      case UInt8(ascii: "\\"): try text.append(contentsOf: escape())
      case ..<0x20: throw invalid("a control character in a string")
      default: text.append(byte)
      }
    }
    throw invalid("the header ends inside a string")
  }

  private mutating func escape() throws(ParseFailure) -> [UInt8] {
    guard let byte = peek() else { throw invalid("the header ends inside a string") }
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
    case UInt8(ascii: "b"): return [0x08]
    case UInt8(ascii: "f"): return [0x0C]
    case UInt8(ascii: "n"): return [0x0A]
    case UInt8(ascii: "r"): return [0x0D]
    case UInt8(ascii: "t"): return [0x09]
    case UInt8(ascii: "u"): return try unicodeEscape()
    default: throw invalid("an escape that JSON does not have")
    }
  }

  private mutating func unicodeEscape() throws(ParseFailure) -> [UInt8] {
    var value = try hexadecimalDigits()
    if (0xD800..<0xDC00).contains(value) {
      guard peek() == UInt8(ascii: "\\") else { throw invalid("half of a surrogate pair") }
      position += 1
      guard peek() == UInt8(ascii: "u") else { throw invalid("half of a surrogate pair") }
      position += 1
      let low = try hexadecimalDigits()
      guard (0xDC00..<0xE000).contains(low) else { throw invalid("half of a surrogate pair") }
      value = 0x1_0000 + (value - 0xD800) << 10 + (low - 0xDC00)
    }
    guard let scalar = Unicode.Scalar(value) else { throw invalid("half of a surrogate pair") }
    return Array(String(scalar).utf8)
  }

  private mutating func hexadecimalDigits() throws(ParseFailure) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = peek(), let digit = Character(Unicode.Scalar(byte)).hexDigitValue,
        byte < 0x80
      else { throw invalid("\\u without four hexadecimal digits") }
      value = value << 4 | UInt32(digit)
      position += 1
    }
    return value
  }
}
