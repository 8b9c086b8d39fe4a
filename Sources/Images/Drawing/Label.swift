/// A text in lines that fit a width.
struct Label {
  private(set) var lines: [String]

  /// Pixels a point of the font.
  let scale: Int

  /// In pixels.
  var width: Int { lines.map { Self.width(of: $0, scale: scale) }.max() ?? 0 }

  /// In pixels, from the top of the first line to the lowest point of the last.
  var height: Int {
    lines.isEmpty
      ? 0 : ((lines.count - 1) * BitmapFont.lineHeight + BitmapFont.height) * scale
  }

  /// - Parameters:
  ///   - width: In pixels; a word that is longer is broken.
  ///   - maximumLines: What is left over is cut off, with an ellipsis.
  init(_ text: String, scale: Int, width: Int, maximumLines: Int = 3) {
    self.scale = scale
    let columns = max(1, (width / scale + 1) / BitmapFont.advance)
    lines = []
    for word in text.split(whereSeparator: \.isWhitespace) { append(word, columns: columns) }
    if lines.count > maximumLines {
      let last = lines[maximumLines - 1]
      lines = Array(lines[..<(maximumLines - 1)]) + [last.prefix(columns - 1) + "…"]
    }
  }

  private mutating func append(_ word: Substring, columns: Int) {
    if let last = lines.last, last.count + 1 + word.count <= columns {
      lines[lines.count - 1] += " " + word
      return
    }
    var rest = word
    while rest.count > columns {
      let line = Self.head(of: rest, columns: columns)
      lines.append(String(line))
      rest = rest.dropFirst(line.count)
    }
    lines.append(String(rest))
  }

  /// What fits of a long word: up to its last `-`, `_`, `.`, `/` or `,`, as names of files have
  /// them, unless that leaves more than half of the line empty.
  private static func head(of word: Substring, columns: Int) -> Substring {
    let whole = word.prefix(columns)
    guard let mark = whole.lastIndex(where: { "-_./,".contains($0) }) else { return whole }
    let head = whole[...mark]
    return head.count * 2 >= columns ? head : whole
  }

  /// Of one line, in pixels, without the space after its last character.
  static func width(of text: String, scale: Int) -> Int {
    max(0, text.count * BitmapFont.advance - 1) * scale
  }
}
