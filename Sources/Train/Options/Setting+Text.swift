import JSON

extension SettingValue {
  /// The value in one line, as TOML would have it; nothing is `none`.
  var text: String {
    switch self {
    case .none: "none"
    case .boolean(let isOn): "\(isOn)"
    case .integer(let number): "\(number)"
    case .number(let number): "\(number)"
    case .text(let text): text
    case .list(let values): "[" + values.map(\.text).joined(separator: ", ") + "]"
    }
  }

  /// The value in a JSON report.
  var json: JSONValue {
    switch self {
    case .none: .null
    case .boolean(let isOn): .boolean(isOn)
    case .integer(let number): .integer(number)
    case .number(let number): .number(number)
    case .text(let text): .string(text)
    case .list(let values): .array(values.map(\.json))
    }
  }

  /// The value as TOML writes it; nil for nothing.
  var toml: String? {
    switch self {
    case .none: nil
    case .boolean, .integer: text
    case .number(let number): number.isFinite ? text : text.replacing("infinity", with: "inf")
    case .text(let text): OrderedJSON.string(text).tomlString
    case .list(let values): "[" + values.compactMap(\.toml).joined(separator: ", ") + "]"
    }
  }
}

extension OrderedJSON {
  /// A string in TOML's spelling, which takes text as it is.
  fileprivate var tomlString: String {
    guard case .string(let text) = self else { return dumped }
    let isPlain = text.unicodeScalars.allSatisfy {
      $0.value >= 0x20 && $0 != "\"" && $0 != "\\" && $0.value != 0x7F
    }
    return isPlain ? "\"\(text)\"" : dumped
  }
}
