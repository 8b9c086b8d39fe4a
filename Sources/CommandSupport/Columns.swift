/// The number of a terminal's columns that a text takes: two for a wide character of East Asia, none for a
/// mark that stands on the one before.
package func columns(of text: String) -> Int {
  if text.utf8.allSatisfy({ $0 < 0x80 }) { return text.utf8.count }
  return text.reduce(0) { $0 + columns(of: $1) }
}

private func columns(of character: Character) -> Int {
  guard let scalar = character.unicodeScalars.first else { return 0 }
  switch scalar.properties.generalCategory {
  case .nonspacingMark, .enclosingMark: return 0
  default: return wide.contains { $0 ~= scalar.value } ? 2 : 1
  }
}

/// The code points of characters of two columns: Unicode's annex 11, by its blocks.
private let wide: [ClosedRange<UInt32>] = [
  0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xA960...0xA97F, 0xAC00...0xD7A3,
  0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F,
  0x1F680...0x1F6FF, 0x1F900...0x1F9FF, 0x20000...0x3FFFD,
]

/// A text in at most `width` columns: its middle is cut out, as the end of a name tells more than
/// its beginning.
func shortened(_ text: String, to width: Int) -> String {
  guard columns(of: text) > width else { return text }
  guard width > 1 else { return width == 1 ? "…" : "" }
  let end = String(beginning(of: String(text.reversed()), to: (width - 1) * 2 / 3).reversed())
  return "\(beginning(of: text, to: width - 1 - columns(of: end)))…\(end)"
}

/// The longest beginning of a text that fits into `width` columns.
func beginning(of text: String, to width: Int) -> String {
  var room = width
  return String(
    text.prefix { character in
      room -= columns(of: character)
      return room >= 0
    })
}
