import Foundation
import TestSupport
import Testing

@testable import Images

@Suite struct PictureGridTests {
  static let red = Color(200, 0, 0)

  private func cell(_ width: Int, _ height: Int) -> Picture {
    Picture(width: width, height: height, filledWith: Self.red)
  }

  @Test func everyPrintableCharacterIsDrawn() {
    #expect(BitmapFont.rows(of: "\u{1F600}") == nil)
    var seen: [[UInt8]: Character] = [:]
    for code in UInt8(32)...126 {
      let character = Character(Unicode.Scalar(code))
      let rows = BitmapFont.rows(of: character) ?? []
      #expect(rows.count == BitmapFont.height && rows.allSatisfy { $0 < 32 })
      #expect(seen.updateValue(character, forKey: rows) == nil, "\(character) is drawn twice")
    }
  }

  @Test func picturesAreWhereTheLayoutSays() {
    let grid = PictureGrid(
      rows: [[cell(40, 30), cell(20, 30)], [cell(40, 10)]], columnLabels: ["-1", "+1"],
      rowLabels: ["seed 1", "seed 2"])
    let layout = PictureGrid.Layout(grid)
    let drawn = grid.drawn()
    #expect((drawn.width, drawn.height) == (layout.width, layout.height))
    #expect(layout.columns.map(\.count) == [40, 20])
    #expect(layout.rows.map(\.count) == [30, 10])
    let reds = stride(from: 0, to: drawn.bytes.count, by: 3).count {
      drawn.bytes[$0] == 200 && drawn.bytes[$0 + 1] == 0
    }
    #expect(reds == 40 * 30 + 20 * 30 + 40 * 10)
  }

  @Test func labelsWrapAndAreCut() {
    let label = Label("one two threefour five six", scale: 1, width: 6 * 7 - 1, maximumLines: 3)
    #expect(label.lines == ["one two", "threefo", "ur fiv…"])
    #expect(label.width == 41)
    #expect(Label("", scale: 2, width: 10).height == 0)
    // Names of files break where their parts meet.
    let name = Label("a-very-long_name-000020", scale: 1, width: 6 * 9 - 1, maximumLines: 4)
    #expect(name.lines == ["a-very-", "long_", "name-", "000020"])
  }

  @Test(arguments: [([], 64, 48), (["-2"], 64, 64)])
  func aStripWithoutLabelsHasNoRoomForThem(labels: [String], width: Int, height: Int) {
    let drawn = PictureGrid(rows: [[cell(64, 48)]], columnLabels: labels).drawn()
    let layout = PictureGrid.Layout(PictureGrid(rows: [[cell(64, 48)]], columnLabels: labels))
    #expect(drawn.width == width + 2 * layout.margin)
    #expect((drawn.height > 48 + 2 * layout.margin) == !labels.isEmpty)
  }

  @Test func anEmptyGridIsDrawn() {
    #expect(PictureGrid(rows: []).drawn().width > 0)
  }

  /// A drawing is looked at by eye when it changes: `LORA_RECORD=1` writes it anew.
  @Test func lettersKeepTheirShape() throws {
    let text = (UInt8(32)...126).map { String(UnicodeScalar($0)) }.joined()
    var canvas = Picture(width: 24 * 6, height: 4 * 11, filledWith: .white)
    let lines = stride(from: 0, to: text.count, by: 24).map {
      String(text.dropFirst($0).prefix(24))
    }
    for (row, line) in lines.enumerated() {
      for (column, character) in line.enumerated() {
        canvas.write(
          Label("\(character)", scale: 1, width: 6), x: column * 6, y: row * 11, boxWidth: 5,
          aligned: .center, color: .black)
      }
    }
    let art = (0..<canvas.height).map { y in
      (0..<canvas.width).map { canvas.bytes[canvas.offset(x: $0, y: y)] == 0 ? "#" : "." }.joined()
    }.joined(separator: "\n")
    try expect(art + "\n", matchesFixture: "images/font.txt")
  }
}
