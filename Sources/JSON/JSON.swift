// JSON — any JSON as a value, and the text of what is encoded.
//
//     bytes, text ─▶ JSONValue            an Encodable ─▶ jsonText ─▶ text, keys sorted
//     OrderedJSON ─▶ dumped: keys in their own order, spelled as Python spells them
//
// It knows neither files nor terminals, nor what a document means.

import FoundationEssentials

/// The layout of JSON.
package enum JSONLayout: Sendable {
  /// One line per element: for reports.
  case pretty

  /// One line: for logs and metadata.
  case compact
}

/// The JSON of a value: keys sorted, the same on every run.
///
/// NaN and the infinities, which JSON cannot spell, are encoded as strings.
package func jsonText(_ value: some Encodable, _ layout: JSONLayout) throws -> String {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
  if layout == .pretty { encoder.outputFormatting.insert(.prettyPrinted) }
  encoder.nonConformingFloatEncodingStrategy = .convertToString(
    positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
  return String(decoding: try encoder.encode(value), as: UTF8.self)
}

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
