/// The points of one character at some scale.
struct Glyph {
  private(set) var width: Int
  private(set) var height: Int
  private var points: [Bool]

  /// A character at `scale` 1, 2, 4, 8 …: each doubling rounds the corners of diagonals.
  init(_ character: Character, scale: Int) {
    let rows = BitmapFont.rows(of: character)
    (width, height) = (5, BitmapFont.height)
    points = rows.flatMap { row in (0..<5).map { row >> (4 - $0) & 1 == 1 } }
    var reached = 1
    while reached < scale {
      double()
      reached *= 2
    }
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
  }
}
