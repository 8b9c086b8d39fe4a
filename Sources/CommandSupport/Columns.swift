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

/// The text of a help page, with each paragraph in one line, so that only the terminal breaks it.
///
/// Indented lines, which are examples, stay as they are.
package func paragraphs(_ text: String) -> String {
  var lines: [Substring] = []
  func isIndented(_ line: Substring) -> Bool { line.utf8.first == UInt8(ascii: " ") }
  // Every start prepares every help page: bytes are split in a fraction of the time of characters.
  let pieces = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
  for line in pieces.map(Substring.init) {
    if let last = lines.last, !last.isEmpty, !line.isEmpty, !isIndented(last), !isIndented(line) {
      lines[lines.count - 1] = last + " " + line
    } else {
      lines.append(line)
    }
  }
  return lines.joined(separator: "\n")
}

/// Text in columns, as wide as their widest cell.
package struct Table {
  package enum Alignment {
    case left
    case right
  }

  private let header: [(title: String, alignment: Alignment)]
  private var rows: [[String]] = []

  package init(_ header: [(title: String, alignment: Alignment)]) {
    self.header = header
    rows.append(header.map(\.title))
  }

  package mutating func add(_ cells: [String]) {
    precondition(cells.count == header.count, "\(cells.count) cells, \(header.count) columns")
    rows.append(cells)
  }

  /// The lines, without spaces at their ends.
  package var text: String { text(width: nil) }

  /// The lines, at most `width` columns wide.
  ///
  /// Where the lines would be wider, the first column's cells are cut in their middle, and columns
  /// that still do not fit are left out from the right, with a line that names them.
  ///
  /// - Parameter width: `nil` to cut nothing.
  package func text(width: Int?) -> String {
    var widths = header.indices.map { column in rows.map { columns(of: $0[column]) }.max() ?? 0 }
    var count = header.count
    if let width, let first = widths.first {
      let minimum = min(first, max(10, width / 4))
      while count > 1 && needed(widths[1..<count]) + minimum > width { count -= 1 }
      widths[0] = max(minimum, min(first, width - needed(widths[1..<count])))
    }
    let lines = rows.map { line($0[..<count], widths) }
    let missing = header[count...].map(\.title).filter { !$0.isEmpty }
    let note = missing.isEmpty ? [] : ["(no room for \(missing.joined(separator: ", ")))"]
    return (lines + note).joined(separator: "\n")
  }

  /// The columns that cells behind the first take, with the gaps before them.
  private func needed(_ widths: ArraySlice<Int>) -> Int { widths.reduce(0) { $0 + 2 + $1 } }

  private func line(_ row: ArraySlice<String>, _ widths: [Int]) -> String {
    let cells = row.indices.map { column in
      let cell = shortened(row[column], to: widths[column])
      let padding = String(repeating: " ", count: widths[column] - columns(of: cell))
      return header[column].alignment == .left ? cell + padding : padding + cell
    }
    return String(cells.joined(separator: "  ").reversed().drop { $0 == " " }.reversed())
  }
}
