import Images

/// What Python's `str` makes of a value: `None`, `True`, `0.001`.
enum PythonText {
  static func of(_ value: Bool) -> String { value ? "True" : "False" }
  static func of(_ value: Int) -> String { "\(value)" }
  static func of(_ value: Int?) -> String { value.map { "\($0)" } ?? "None" }
  static func of(_ value: String?) -> String { value ?? "None" }

  /// The shortest digits that are read back as the same number.
  ///
  /// Swift writes them as Python does, save that Python uses no exponent from 1e-4 to 1e16.
  static func of(_ value: Double) -> String {
    if value.isNaN { return "nan" }
    return value.isInfinite ? (value < 0 ? "-inf" : "inf") : "\(value)"
  }

  static func of(_ value: Double?) -> String { value.map { of($0) } ?? "None" }

  /// `(512, 512)`.
  static func of(_ value: PixelSize) -> String { "(\(value.width), \(value.height))" }
}
