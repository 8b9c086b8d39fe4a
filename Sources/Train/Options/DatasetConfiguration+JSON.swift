import JSON
import TOML

extension TOMLTable {
  /// Reads a `--dataset-config` written as JSON: the same tables and lists, without lines.
  ///
  /// - Parameter file: Named in errors.
  init(json bytes: [UInt8], file: String) throws(OptionsError) {
    guard case .object(let fields)? = JSONValue(parsing: bytes)
    else { throw OptionsError(place: file, reason: .unusable("is no JSON object")) }
    self.init(fields)
  }

  fileprivate init(_ fields: [String: JSONValue]) {
    self.init(
      fields.sorted { $0.key < $1.key }.compactMap { key, value in
        TOMLValue(value).map { (key, $0) }
      })
  }
}

extension TOMLValue {
  /// - Returns: nil for `null`, which sets nothing.
  fileprivate init?(_ value: JSONValue) {
    switch value {
    case .null: return nil
    case .boolean(let isOn): self = .boolean(isOn)
    case .integer(let number): self = .integer(number)
    case .number(let number): self = .float(number)
    case .string(let text): self = .string(text)
    case .array(let values): self = .array(values.compactMap(TOMLValue.init))
    case .object(let fields): self = .table(TOMLTable(fields))
    }
  }
}
