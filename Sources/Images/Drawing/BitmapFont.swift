import CImages

/// A font of 5 × 9 points per character, drawn for this program: printable ASCII and a few signs.
enum BitmapFont {
  /// The distance between the left edges of neighbouring characters, in points; a wide character
  /// takes two.
  static let advance = 6

  /// The width of a character, in points.
  static let width = 5
  static let ascent = 7
  static let descent = 2
  static let height = ascent + descent

  /// The points of a character, row by row; 16 is the leftmost of five.
  ///
  /// - Returns: nil where the font lacks it.
  static func rows(of character: Character) -> [UInt8]? { glyphs[character] }

  /// Each character followed by its nine rows as digits of base 32.
  private static let glyphs: [Character: [UInt8]] = {
    var glyphs: [Character: [UInt8]] = [" ": Array(repeating: 0, count: height)]
    for glyph in drawing.split(whereSeparator: \.isWhitespace) {
      guard let character = glyph.first else { continue }
      glyphs[character] = glyph.dropFirst().map { UInt8(String($0), radix: 32) ?? 0 }
    }
    return glyphs
  }()

  private static let drawing = #"""
    !444440400 "aaa000000 #aavavaa00 $4fke5u400 %op248j300 &cik8lid00 '444000000 (248884200
    )842224800 *04lel4000 +044v44000 ,00000cc48 -000v00000 .00000cc00 /01248g000 0ehjlphe00
    14c4444e00 2eh1248v00 3v2421he00 426aiv2200 5vgu11he00 668guhhe00 7v12488800 8ehhehhe00
    9ehhf12c00 :0cc0cc000 ;0cc0cc480 <248g84200 =00v0v0000 >842124800 ?eh1240400 @eh1dlle00
    Aehhvhhh00 Buhhuhhu00 Cehggghe00 Dsihhhis00 Evgguggv00 Fvgguggg00 Gehgnhhf00 Hhhhvhhh00
    Ie44444e00 J72222ic00 Khikokih00 Lggggggv00 Mhrllhhh00 Nhhpljhh00 Oehhhhhe00 Puhhuggg00
    Qehhhlid00 Ruhhukih00 Sfgge11u00 Tv44444400 Uhhhhhhe00 Vhhhhha400 Whhhllla00 Xhha4ahh00
    Yhhha44400 Zv1248gv00 [e88888e00 \0g8421000 ]e22222e00 ^4ah000000 _0000000v0 `840000000
    a00e1fhf00 bggmphhu00 c00egghe00 d11djhhf00 e00ehvge00 f698s88800 g00fhhhf1e hggmphhh00
    i40c444e00 j2062222ic kggikoki00 lc44444e00 m00qllhh00 n00mphhh00 o00ehhhe00 p00uhhhugg
    q00fhhhf11 r00mpggg00 s00ege1u00 t88s889600 u00hhhjd00 v00hhha400 w00hhlla00 x00ha4ah00
    y00hhhhf1e z00v248v00 {244844200 |444444400 }844244800 ~008l20000 −000v00000 ×00ha4ah00
    …00000ll00 ·000cc0000 °4a4000000 ±044v440v0
    """#
}

/// The points of one character at some scale.
struct Glyph {
  private(set) var width: Int
  private(set) var height: Int

  /// The number of its rows above the base line.
  private(set) var ascent: Int
  private var points: [Bool]

  /// A character at a scale of 1, 2, 4, 8 …: each doubling rounds the corners of diagonals.
  ///
  /// One that no font has is blank; see `Spelling`.
  init(_ character: Character, scale: Int) {
    if let rows = BitmapFont.rows(of: character) {
      self.init(rows.map(UInt16.init), width: BitmapFont.width, ascent: BitmapFont.ascent)
    } else {
      let rows = WideFont.rows(of: character) ?? []
      self.init(rows, width: WideFont.side, ascent: WideFont.ascent)
    }
    var reached = 1
    while reached < scale {
      double()
      reached *= 2
    }
  }

  /// - Parameter rows: The rightmost point of each in bit 0.
  private init(_ rows: [UInt16], width: Int, ascent: Int) {
    (self.width, self.ascent, height) = (width, ascent, rows.count)
    points = rows.flatMap { row in (0..<width).map { row >> (width - 1 - $0) & 1 == 1 } }
  }

  subscript(x: Int, y: Int) -> Bool {
    guard 0..<width ~= x, 0..<height ~= y else { return false }
    return points[y * width + x]
  }

  /// Doubles both sides; a corner between two equal neighbours becomes theirs (Scale2x).
  private mutating func double() {
    var result: [Bool] = []
    result.reserveCapacity(4 * points.count)
    for y in 0..<2 * height {
      for x in 0..<2 * width {
        let (column, row) = (x / 2, y / 2)
        let beside = self[column + (x % 2 == 0 ? -1 : 1), row]
        let otherSide = self[column + (x % 2 == 0 ? 1 : -1), row]
        let over = self[column, row + (y % 2 == 0 ? -1 : 1)]
        let under = self[column, row + (y % 2 == 0 ? 1 : -1)]
        let isCorner = beside == over && beside != under && over != otherSide
        result.append(isCorner ? beside : self[column, row])
      }
    }
    points = result
    width *= 2
    height *= 2
    ascent *= 2
  }
}

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
