/// The bytes of a text and how far they have been read.
struct Scanner {
  /// The maximal depth of nested arrays and inline tables.
  static let depthLimit = 64

  private let bytes: [UInt8]
  private(set) var position = 0
  private(set) var line = 1

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// The next byte, or nil at the end.
  var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  /// The next character, for a message.
  var nextDescription: String {
    switch next {
    case nil: "the end of the file"
    case UInt8(ascii: "\n"), UInt8(ascii: "\r"): "the end of the line"
    default: "'\(rest(while: { $0 > 0x20 && $0 != UInt8(ascii: ",") }, limit: 20))'"
    }
  }

  /// Whether the text goes on with `token`.
  func stands(_ token: StaticString) -> Bool {
    let token = Array("\(token)".utf8)
    return bytes[position...].starts(with: token)
  }

  mutating func advance() {
    if next == UInt8(ascii: "\n") { line += 1 }
    position += 1
  }

  /// Passes `token` if it stands next.
  mutating func take(_ token: StaticString) -> Bool {
    guard stands(token) else { return false }
    position += token.utf8CodeUnitCount
    return true
  }

  mutating func expect(_ token: StaticString, for what: String) throws(TOMLError.Reason) {
    guard take(token) else { throw .expected(what, found: nextDescription) }
  }

  /// Reads the bytes that fulfil a condition.
  mutating func take(while condition: (UInt8) -> Bool) -> String {
    let text = rest(while: condition, limit: .max)
    position += text.utf8.count
    return text
  }

  mutating func skipSpaces() {
    while let byte = next, byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") { advance() }
  }

  /// Passes spaces, comments and ends of lines.
  mutating func skipBlank() throws(TOMLError.Reason) {
    while true {
      skipSpaces()
      try skipComment()
      guard takeNewline() else { return }
    }
  }

  /// Passes what may follow a complete line: spaces, a comment, the end of the line.
  mutating func endLine() throws(TOMLError.Reason) {
    skipSpaces()
    try skipComment()
    guard next == nil || takeNewline() else {
      if next == UInt8(ascii: ",") { throw .comma }
      throw .expected("the end of the line", found: nextDescription)
    }
  }

  mutating func takeNewline() -> Bool {
    if stands("\r\n") { advance() }
    guard next == UInt8(ascii: "\n") else { return false }
    advance()
    return true
  }

  private mutating func skipComment() throws(TOMLError.Reason) {
    guard next == UInt8(ascii: "#") else { return }
    while let byte = next, byte != UInt8(ascii: "\n"), !stands("\r\n") {
      try Self.check(byte)
      advance()
    }
  }

  /// Refuses control characters other than the tab.
  static func check(_ byte: UInt8) throws(TOMLError.Reason) {
    if byte == 0x7F || byte < 0x20 && byte != 0x09 { throw .controlCharacter(byte) }
  }

  private func rest(while condition: (UInt8) -> Bool, limit: Int) -> String {
    String(decoding: bytes[position...].prefix(while: condition).prefix(limit), as: UTF8.self)
  }
}
