import JSON

/// Numbers of modules whose names match patterns: PEFT's `alpha_pattern` and `rank_pattern`.
///
/// PEFT's rule: a name equals the pattern, or ends with a dot and the pattern. Patterns are regular
/// expressions, and the first match counts.
struct ModulePatterns: Sendable {
  private struct Entry: Sendable {
    let text: String
    let expression: NamePattern?
    let number: Double
  }

  /// The patterns in the document's order.
  private var entries: [Entry] = []

  init() {}

  /// - Parameter document: The JSON text of the fields, which preserves their order.
  init(_ fields: [String: JSONValue], _ key: String, document: String) {
    let numbers = fields[key]?.numbers ?? [:]
    entries = Self.ordered(numbers, key, in: document).map { text, number in
      Entry(text: text, expression: Self.expression(text), number: number)
    }
  }

  /// The number of a module; `nil` where no pattern matches its name.
  subscript(name: String) -> Double? {
    entries.first { entry in
      name == entry.text || name.hasSuffix("." + entry.text)
        || entry.expression?.matches(name) ?? false
    }?.number
  }

  /// The first of a field's patterns that is not supported; `nil` where all are.
  static func strange(in value: JSONValue?) -> String? {
    value?.numbers?.keys.sorted().first { isExpression($0) && expression($0) == nil }
  }

  private static func expression(_ text: String) -> NamePattern? {
    isExpression(text) ? NamePattern("(.*\\.)?(\(text))") : nil
  }

  private static func isExpression(_ text: String) -> Bool {
    text.contains { "^$*+?([{|\\".contains($0) }
  }

  private static func ordered(
    _ numbers: [String: Double], _ key: String, in document: String
  ) -> [(String, Double)] {
    let sorted = numbers.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    guard numbers.count > 1, let start = document.firstRange(of: key) else { return sorted }
    let rest = document[start.upperBound...]
    let places = sorted.map { text, _ in
      let spelled = text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
      return rest.firstRange(of: "\"\(spelled)\"")?.lowerBound ?? rest.endIndex
    }
    return sorted.indices.sorted { places[$0] < places[$1] }.map { sorted[$0] }
  }
}
