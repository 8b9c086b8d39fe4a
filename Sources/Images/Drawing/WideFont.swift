import CImages

/// A font of 12 × 12 points a character for what `BitmapFont` lacks: kana, the kanji of JIS X 0208,
/// Greek, Cyrillic, fullwidth forms.
///
/// The letters are those of the Shinonome font, which is in the public domain; its file and the
/// file's layout come from `scripts/make-wide-font.py`.
enum WideFont {
  static let side = 12
  static let ascent = 10

  /// The points of a character, row by row; bit 11 is the leftmost.
  ///
  /// - Returns: nil where the font lacks it.
  static func rows(of character: Character) -> [UInt16]? {
    guard let place = places[character] else { return nil }
    let start = lettersStart + place * bytesPerLetter
    // Three bytes hold two rows.
    return stride(from: start, to: start + bytesPerLetter, by: 3).flatMap { offset in
      let bytes = file[offset..<offset + 3].map(UInt16.init)
      return [bytes[0] << 4 | bytes[1] >> 4, (bytes[1] & 15) << 8 | bytes[2]]
    }
  }

  private static let bytesPerLetter = side * side / 8

  private static let file: [UInt8] = {
    var count = 0
    let bytes = unsafe lora_wide_font(&count)
    return unsafe Array(UnsafeBufferPointer(start: bytes, count: count))
  }()

  private static let letterCount = number(at: 0)
  private static let lettersStart = 2 + 2 * letterCount

  /// A character's place in the file; one is found composed or not (が as か and a mark).
  private static let places: [Character: Int] = {
    let letters = (0..<letterCount).compactMap { place in
      Unicode.Scalar(UInt16(number(at: 2 + 2 * place))).map { (Character($0), place) }
    }
    return Dictionary(letters) { first, _ in first }
  }()

  private static func number(at offset: Int) -> Int {
    Int(file[offset]) | Int(file[offset + 1]) << 8
  }
}
