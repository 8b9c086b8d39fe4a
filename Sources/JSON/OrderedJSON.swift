/// JSON whose objects keep their order, written as Python's `json.dumps` writes it.
package enum OrderedJSON: Hashable, Sendable {
  case null
  case boolean(Bool)
  case integer(Int)
  case number(Double)
  case string(String)
  case array([OrderedJSON])
  case object([Member])

  package struct Member: Hashable, Sendable {
    package let key: String
    package let value: OrderedJSON

    package init(_ key: String, _ value: OrderedJSON) {
      self.key = key
      self.value = value
    }
  }

  /// `{"a": [1, 0.5, null], "b": "\u00e9"}`: blanks after separators, and only ASCII.
  package var dumped: String {
    switch self {
    case .null: return "null"
    case .boolean(let isTrue): return isTrue ? "true" : "false"
    case .integer(let number): return "\(number)"
    case .number(let number): return Self.dumped(number)
    case .string(let text): return Self.dumped(text)
    case .array(let elements):
      return "[" + elements.map(\.dumped).joined(separator: ", ") + "]"
    case .object(let members):
      let texts = members.map { Self.dumped($0.key) + ": " + $0.value.dumped }
      return "{" + texts.joined(separator: ", ") + "}"
    }
  }

  private static func dumped(_ number: Double) -> String {
    guard !number.isNaN else { return "NaN" }
    return number.isInfinite ? (number < 0 ? "-Infinity" : "Infinity") : "\(number)"
  }

  private static func dumped(_ text: String) -> String {
    "\"" + text.utf16.map(escaped).joined() + "\""
  }

  private static func escaped(_ unit: UInt16) -> String {
    switch unit {
    case 0x22: return "\\\""
    case 0x5C: return "\\\\"
    case 0x08: return "\\b"
    case 0x09: return "\\t"
    case 0x0A: return "\\n"
    case 0x0C: return "\\f"
    case 0x0D: return "\\r"
    case 0x20..<0x7F: return String(UnicodeScalar(UInt8(unit)))
    default:
      let digits = String(unit, radix: 16)
      return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    }
  }
}
