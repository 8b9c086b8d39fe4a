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
