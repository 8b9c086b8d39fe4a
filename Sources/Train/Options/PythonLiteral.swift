import Datasets
import Images

/// A value as Python writes it, which is how sd-scripts reads `optimizer_args`.
enum PythonLiteral: Hashable {
  case none
  case boolean(Bool)
  case integer(Int)
  case number(Double)
  case text(String)
  case tuple([PythonLiteral])

  /// Reads `0.1`, `(0.9, 0.99)`, `0.9,0.99`, `[1, 2]`, `True`, `None`, `"x"` or a bare word.
  init(_ source: some StringProtocol) {
    let text = trimmed(source)[...]
    let unwrapped =
      (text.first == "(" && text.last == ")") || (text.first == "[" && text.last == "]")
      ? text.dropFirst().dropLast() : nil
    if let unwrapped {
      self = .tuple(Self.elements(unwrapped))
    } else if text.contains(",") {
      self = .tuple(Self.elements(text))
    } else {
      self = Self.scalar(text)
    }
  }

  private static func elements(_ text: Substring) -> [PythonLiteral] {
    text.split(separator: ",").map { trimmed($0)[...] }.filter { !$0.isEmpty }.map { scalar($0) }
  }

  private static func scalar(_ text: Substring) -> PythonLiteral {
    switch text {
    case "None", "none", "null": return .none
    case "True", "true": return .boolean(true)
    case "False", "false": return .boolean(false)
    default: break
    }
    if let number = Int(text) { return .integer(number) }
    if let number = Double(text) { return .number(number) }
    let isQuoted =
      text.count >= 2 && (text.first == "'" || text.first == "\"") && text.first == text.last
    return .text(String(isQuoted ? text.dropFirst().dropLast() : text))
  }

  /// The elements of a tuple; anything else counts as one element.
  var elements: [PythonLiteral] { if case .tuple(let elements) = self { elements } else { [self] } }
}

extension PythonLiteral: CustomStringConvertible {
  /// The text that Python's `str` writes.
  var description: String {
    switch self {
    case .none: "None"
    case .boolean(let isTrue): isTrue ? "True" : "False"
    case .integer(let number): "\(number)"
    case .number(let number): "\(number)"
    case .text(let text): text
    case .tuple(let elements) where elements.count == 1: "(\(elements[0].representation),)"
    case .tuple(let elements): "(\(elements.map(\.representation).joined(separator: ", ")))"
    }
  }

  /// The text that stands for it inside a tuple.
  private var representation: String {
    if case .text(let text) = self { "'\(text)'" } else { description }
  }
}

/// A value as Python's `str` writes it: `None`, `True`, `0.001`.
enum PythonText {
  static func of(_ value: Bool) -> String { value ? "True" : "False" }
  static func of(_ value: Int) -> String { "\(value)" }
  static func of(_ value: Int?) -> String { value.map { "\($0)" } ?? "None" }
  static func of(_ value: String?) -> String { value ?? "None" }

  /// The shortest digits that are read back as the same number.
  ///
  /// Swift writes them as Python does, but Python uses no exponent from 1e-4 to 1e16.
  static func of(_ value: Double) -> String {
    if value.isNaN { return "nan" }
    return value.isInfinite ? (value < 0 ? "-inf" : "inf") : "\(value)"
  }

  static func of(_ value: Double?) -> String { value.map { of($0) } ?? "None" }

  /// `(512, 512)`.
  static func of(_ value: PixelSize) -> String { "(\(value.width), \(value.height))" }
}
