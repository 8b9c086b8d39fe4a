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

/// The word that a mistyped one probably means; nil if it is far from all.
package func nearest(to unknown: String, among words: [String]) -> String? {
  let ranked = words.map { (distance(from: unknown, to: $0), $0) }.min { $0 < $1 }
  guard let (distance, word) = ranked, distance <= max(2, unknown.count / 4) else { return nil }
  return word
}

/// The minimal number of letters to insert, delete, replace or swap with a neighbour.
///
/// - Complexity: O(product of the lengths).
func distance(from first: String, to second: String) -> Int {
  let first = Array(first)
  let second = Array(second)
  var rows = [Array(0...second.count)]
  for i in first.indices {
    var row = [i + 1]
    for j in second.indices {
      let replaced = rows[i][j] + (first[i] == second[j] ? 0 : 1)
      var smallest = min(rows[i][j + 1] + 1, row[j] + 1, replaced)
      if i > 0, j > 0, first[i] == second[j - 1], first[i - 1] == second[j] {
        smallest = min(smallest, rows[i - 1][j - 1] + 1)
      }
      row.append(smallest)
    }
    rows.append(row)
  }
  return rows[first.count][second.count]
}

/// A warning about the name of a safetensors file to be written; `nil` where the name does not promise
/// another format.
package func misleadingName(of path: String) -> String? {
  let endings = [".ckpt", ".pt", ".pth", ".bin", ".pkl", ".gguf", ".onnx", ".npz", ".zip", ".png"]
  guard let ending = endings.first(where: path.lowercased().hasSuffix) else { return nil }
  return
    "\(path): is written as safetensors, not as \(ending) promises; other programs know it by a"
    + " name in .safetensors"
}

/// A complaint about the name of a picture to be written; `nil` where the name may stay.
package func misleadingPictureName(of path: String) -> String? {
  let endings = [
    ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif", ".heic", ".jxl", ".svg",
    ".html", ".safetensors", ".st",
  ]
  guard endings.contains(where: path.lowercased().hasSuffix) else { return nil }
  return "Pictures are written as PNG; give \(path) a name in .png."
}
