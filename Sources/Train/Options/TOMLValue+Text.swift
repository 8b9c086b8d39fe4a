import TOML

extension TOMLValue {
  /// A text or a number as text; nil for anything else.
  var scalarText: String? {
    switch self {
    case .string(let text): text
    case .integer(let number): "\(number)"
    case .float(let number): "\(number)"
    default: nil
    }
  }

  /// Any value but a table as text, a list with commas.
  var text: String? {
    switch self {
    case .boolean(let isOn): "\(isOn)"
    case .array(let elements): elements.map { $0.text ?? "…" }.joined(separator: ",")
    default: scalarText
    }
  }
}
