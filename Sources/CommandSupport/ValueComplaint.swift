/// A complaint about an option's value, taken from ArgumentParser's message.
///
/// The parser gives only a message: "The value 'V' is invalid for '--key <n>': REASON", or the valid
/// words in place of a reason.
package struct ValueComplaint: Hashable {
  /// `--key`; for an argument its value.
  package let subject: String

  /// `takes …, not …`.
  package let sentence: String

  /// Whether the sentence says what is taken.
  package let hasReason: Bool

  package init?(_ message: String) {
    let begin = "The value '"
    let middle = "' is invalid for '"
    guard message.hasPrefix(begin), let mark = message.firstRange(of: middle),
      let end = message[mark.upperBound...].firstIndex(of: "'")
    else { return nil }
    let value = String(message[..<mark.lowerBound].dropFirst(begin.count))
    let option = message[mark.upperBound..<end].prefix { $0 != " " }
    let rest = message[message.index(after: end)...]
    subject = option.hasPrefix("-") ? String(option) : value
    if rest.hasPrefix(": ") {
      sentence = String(rest.dropFirst(2))
    } else if let words = Self.words(rest) {
      sentence = DomainError(wanted: words, value).description
    } else {
      sentence = "does not take '\(value)'"
      hasReason = false
      return
    }
    hasReason = true
  }

  /// `a, b or c`, of a sentence or of a list with a line for each.
  private static func words(_ text: Substring) -> String? {
    let lines = text.split(separator: "\n").dropFirst()
    let words =
      lines.isEmpty
      ? text.split(separator: "'", omittingEmptySubsequences: false).enumerated()
        .filter { $0.offset % 2 == 1 }.map { String($0.element) }
      : lines.map { String($0.drop { $0 == " " || $0 == "-" }) }
    guard let last = words.last else { return nil }
    return words.count == 1 ? last : words.dropLast().joined(separator: ", ") + " or \(last)"
  }
}

extension ValueComplaint: CustomStringConvertible {
  package var description: String {
    subject.hasPrefix("-") ? "\(subject) \(sentence)" : "\(subject): \(sentence)"
  }
}
