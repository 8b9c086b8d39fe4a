import TestSupport
import Testing

@testable import Images

@Suite struct WideFontTests {
  /// Hiragana, katakana, kanji of both levels, punctuation, fullwidth and halfwidth forms, Greek,
  /// Cyrillic.
  static let text = "青い髪の女の子、とても長い名前。カタカナー「」ＡＢ１２〜～ｱｲｳ龗熙瑤ΑΩЖя"

  @Test func japaneseIsDrawn() {
    for character in Self.text where character != "龗" {
      let rows = WideFont.rows(of: character)
      #expect(rows?.count == WideFont.side, "\(character)")
      #expect(rows?.contains { $0 != 0 } == true, "\(character) is blank")
      #expect(rows?.allSatisfy { $0 < 1 << WideFont.side } == true, "\(character)")
    }
    // All kana, each another drawing.
    var seen: [[UInt16]: Character] = [:]
    for code in Array(UInt16(0x3041)...0x3093) + Array(0x30A1...0x30F6) {
      let character = Unicode.Scalar(code).map(Character.init) ?? " "
      let rows = WideFont.rows(of: character) ?? []
      #expect(rows.count == WideFont.side, "\(character)")
      // へべぺ are the same in both scripts in many fonts.
      if let other = seen.updateValue(character, forKey: rows) {
        #expect("へべぺりヘベペリ".contains(character), "\(character) looks like \(other)")
      }
    }
  }

  /// As macOS spells names: the letter and its mark apart.
  @Test func decomposedLettersAreFound() {
    #expect(WideFont.rows(of: "か\u{3099}") == WideFont.rows(of: "が"))
    #expect(WideFont.rows(of: "ハ\u{309A}") == WideFont.rows(of: "パ"))
  }

  @Test(arguments: [
    ("plain -0.5", "plain -0.5"), ("青い髪", "青い髪"), ("café", "cafe"), ("cafe\u{301}", "cafe"),
    ("Ærø", "AEro"), ("ŁÓDŹ", "LODZ"), ("straße", "strase"), ("한국어", "hangugeo"),
    ("a😀b", "aU+1F600b"), ("鸡", "U+9E21"), ("\u{1B}[31m", "U+001B[31m"), ("👍🏽", "U+1F44DU+1F3FD"),
    ("… × −", "… × −"),
  ])
  func whatNoFontHasIsSpelled(_ text: String, _ drawn: String) {
    #expect(Spelling.drawable(text) == drawn)
  }

  /// Whatever a label is made of, each of its characters has points or is a space.
  @Test func noLabelHasAnEmptyBox() {
    for code in stride(from: UInt32(0x20), to: 0x3_0000, by: 37) {
      guard let scalar = Unicode.Scalar(code) else { continue }
      for character in Spelling.drawable(String(scalar)) {
        let isDrawn =
          BitmapFont.rows(of: character) != nil || WideFont.rows(of: character) != nil
          || character.isWhitespace
        #expect(isDrawn, "U+\(String(code, radix: 16)): \(character)")
      }
    }
  }

  @Test func wideCharactersTakeTwoColumns() {
    #expect(Label.width(of: "aa", scale: 2) == 22)
    #expect(Label.width(of: "青い", scale: 1) == 23)
    #expect(Label.width(of: "a青", scale: 1) == 17)
    let label = Label("青い髪の女の子 seed", scale: 1, width: 6 * 8 - 1, maximumLines: 4)
    #expect(label.lines == ["青い髪の", "女の子", "seed"])
    #expect(label.width == 47)
    // Higher lines, so that none touches the next.
    #expect(label.lineHeight > WideFont.side)
    #expect(label.height == 2 * label.lineHeight + WideFont.side)
    // Narrower than one letter: each has a line of its own, and it ends.
    #expect(Label("青い", scale: 1, width: 3).lines == ["青", "い"])
    #expect(Label("青い髪の女", scale: 1, width: 6 * 5 - 1, maximumLines: 2).lines == ["青い", "髪の…"])
  }

  /// A drawing is looked at by eye when it changes: `LORA_RECORD=1` writes it anew.
  @Test func lettersStandOnOneLine() throws {
    var canvas = Picture(width: 12 * 12, height: 40, filledWith: .white)
    let label = Label("青い髪 girl 0.5 とても長い名前", scale: 1, width: canvas.width)
    canvas.write(label, x: 0, y: 1, boxWidth: canvas.width, aligned: .center, color: .black)
    let art = (0..<canvas.height).map { y in
      (0..<canvas.width).map { canvas.bytes[canvas.offset(x: $0, y: y)] == 0 ? "#" : "." }.joined()
    }.joined(separator: "\n")
    try expect(art + "\n", matchesFixture: "images/wide-font.txt")
  }
}
