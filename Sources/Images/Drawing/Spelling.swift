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
