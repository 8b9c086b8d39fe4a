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

/// Replacements for characters that no font has, so that a label is never empty.
enum Spelling {
  /// The text in characters that can be drawn: Latin letters without their accents, the syllables
  /// of Hangul in Latin letters, others as `U+1F600`.
  static func drawable(_ text: String) -> String {
    text.utf8.allSatisfy { 0x20...0x7E ~= $0 }
      ? text : text.map { isDrawn($0) ? String($0) : spelled($0) }.joined()
  }

  /// Whether a character is twice as wide as those of ASCII.
  static func isWide(_ character: Character) -> Bool {
    !character.isASCII && BitmapFont.rows(of: character) == nil
  }

  private static func isDrawn(_ character: Character) -> Bool {
    character.isWhitespace || BitmapFont.rows(of: character) != nil
      || WideFont.rows(of: character) != nil
  }

  private static func spelled(_ character: Character) -> String {
    let scalars = character.unicodeScalars
    // Letters with marks, flags and emoji with a colour are drawn by their base.
    let base = scalars.filter { scalar in
      ![.nonspacingMark, .format].contains(scalar.properties.generalCategory)
    }
    return (base.isEmpty ? Array(scalars) : Array(base)).map(spelled).joined()
  }

  private static func spelled(_ scalar: Unicode.Scalar) -> String {
    if isDrawn(Character(scalar)) { return String(scalar) }
    return romanized(scalar.properties.name ?? "") ?? "U+\(hexadecimal(scalar.value))"
  }

  /// The letter in a Unicode name: `LATIN SMALL LETTER E WITH ACUTE`, `HANGUL SYLLABLE GAG`.
  private static func romanized(_ name: String) -> String? {
    let plain = name.firstRange(of: " WITH ").map { name[..<$0.lowerBound] } ?? name[...]
    for (prefix, isCapital) in [
      ("LATIN SMALL LETTER ", false), ("LATIN CAPITAL LETTER ", true), ("HANGUL SYLLABLE ", false),
    ] where plain.hasPrefix(prefix) {
      // DOTLESS I, SHARP S
      return plain.split(separator: " ").last.map { isCapital ? String($0) : $0.lowercased() }
    }
    return nil
  }

  private static func hexadecimal(_ value: UInt32) -> String {
    let digits = String(value, radix: 16, uppercase: true)
    return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
  }
}
