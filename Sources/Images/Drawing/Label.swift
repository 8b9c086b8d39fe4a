/// A text in lines that fit a width, in characters that can be drawn.
struct Label {
  private(set) var lines: [String]

  /// Pixels a point of the font.
  let scale: Int

  /// Points of its lines above the base line: more where a character is wide, which are higher.
  let ascent: Int

  /// The distance between the tops of neighbouring lines, in points.
  var lineHeight: Int { ascent + BitmapFont.descent + (ascent == BitmapFont.ascent ? 2 : 1) }

  /// In pixels.
  var width: Int { lines.map { Self.width(of: $0, scale: scale) }.max() ?? 0 }

  /// The height in pixels, from the top of the first line to the lowest point of the last.
  var height: Int {
    lines.isEmpty
      ? 0 : ((lines.count - 1) * lineHeight + ascent + BitmapFont.descent) * scale
  }

  /// - Parameters:
  ///   - width: In pixels; a word that is longer is broken.
  ///   - maximumLines: Lines beyond these are cut off, with an ellipsis.
  init(_ text: String, scale: Int, width: Int, maximumLines: Int = 3) {
    let text = Spelling.drawable(text)
    self.scale = scale
    ascent = text.contains(where: Spelling.isWide) ? WideFont.ascent : BitmapFont.ascent
    let columns = max(1, (width / scale + 1) / BitmapFont.advance)
    lines = []
    for word in text.split(whereSeparator: \.isWhitespace) { append(word, columns: columns) }
    if lines.count > maximumLines {
      let last = lines[maximumLines - 1]
      lines =
        Array(lines[..<(maximumLines - 1)]) + [Self.prefix(of: last[...], columns - 1) + "…"]
    }
  }

  private mutating func append(_ word: Substring, columns: Int) {
    if let last = lines.last, Self.columns(of: last) + 1 + Self.columns(of: word) <= columns {
      lines[lines.count - 1] += " " + word
      return
    }
    var rest = word
    while Self.columns(of: rest) > columns, rest.count > 1 {
      let line = Self.head(of: rest, columns: columns)
      lines.append(String(line))
      rest = rest.dropFirst(line.count)
    }
    lines.append(String(rest))
  }

  /// The beginning of a long word that fits, at least one character: up to its last `-`, `_`, `.`,
  /// `/` or `,`, as in names of files, unless that leaves more than half of the line empty.
  private static func head(of word: Substring, columns: Int) -> Substring {
    let fitting = prefix(of: word, columns)
    let whole = fitting.isEmpty ? word.prefix(1) : fitting
    guard let mark = whole.lastIndex(where: { "-_./,".contains($0) }) else { return whole }
    let head = whole[...mark]
    return self.columns(of: head) * 2 >= columns ? head : whole
  }

  private static func prefix(of text: Substring, _ columns: Int) -> Substring {
    var rest = columns
    return text.prefix { character in
      rest -= self.columns(of: character)
      return rest >= 0
    }
  }

  private static func columns(of character: Character) -> Int { Spelling.isWide(character) ? 2 : 1 }

  private static func columns(of text: some StringProtocol) -> Int {
    text.reduce(0) { $0 + columns(of: $1) }
  }

  /// The distance by which a character moves the next one to the right, in pixels.
  static func advance(of character: Character, scale: Int) -> Int {
    columns(of: character) * BitmapFont.advance * scale
  }

  /// The width of one line, in pixels, without the space after its last character.
  static func width(of text: String, scale: Int) -> Int {
    max(0, columns(of: Spelling.drawable(text)) * BitmapFont.advance - 1) * scale
  }
}
