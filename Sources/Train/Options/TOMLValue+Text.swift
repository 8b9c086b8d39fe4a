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
}
