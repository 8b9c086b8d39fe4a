import FoundationEssentials

/// Any JSON, for documents whose fields are not known beforehand.
package enum JSONValue: Codable, Hashable, Sendable {
  case null
  case boolean(Bool)
  case integer(Int)
  case number(Double)
  case string(String)
  case array([JSONValue])
  case object([String: JSONValue])

  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let value = try? container.decode(Bool.self) {
      self = .boolean(value)
    } else if let value = try? container.decode(Int.self) {
      self = .integer(value)
    } else if let value = try? container.decode(Double.self) {
      self = .number(value)
    } else if let value = try? container.decode(String.self) {
      self = .string(value)
    } else if let value = try? container.decode([JSONValue].self) {
      self = .array(value)
    } else {
      self = .object(try container.decode([String: JSONValue].self))
    }
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .null: try container.encodeNil()
    case .boolean(let value): try container.encode(value)
    case .integer(let value): try container.encode(value)
    case .number(let value): try container.encode(value)
    case .string(let value): try container.encode(value)
    case .array(let value): try container.encode(value)
    case .object(let value): try container.encode(value)
    }
  }

  package var number: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value
    default: nil
    }
  }

  package var boolean: Bool? {
    if case .boolean(let value) = self { value } else { nil }
  }

  package var numbers: [String: Double]? {
    if case .object(let fields) = self { fields.compactMapValues(\.number) } else { nil }
  }

  package var integers: [Int]? {
    guard case .array(let values) = self else { return nil }
    return values.compactMap { if case .integer(let value) = $0 { value } else { nil } }
  }

  package var strings: [String]? {
    guard case .array(let values) = self else { return nil }
    return values.compactMap { if case .string(let value) = $0 { value } else { nil } }
  }
}

extension JSONValue {
  /// The value of a document; nil where it is no JSON.
  package init?(parsing bytes: [UInt8]) {
    guard let value = try? JSONDecoder().decode(JSONValue.self, from: Data(bytes)) else {
      return nil
    }
    self = value
  }

  package init?(parsing text: String) { self.init(parsing: Array(text.utf8)) }

  package func text(_ layout: JSONLayout = .compact) -> String {
    (try? jsonText(self, layout)) ?? ""
  }
}
