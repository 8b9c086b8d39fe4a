import Tensors
import Testing

@testable import Datasets

@Suite struct CaptionTests {
  private func apply(
    _ rules: CaptionRules, _ caption: String, epoch: Int = 1, step: Int = 0, stream: UInt64 = 0
  ) -> String {
    var generator = Philox(seed: 5, stream: stream)
    let moment = CaptionRules.Moment(epoch: epoch, step: step, stepCount: 100)
    return rules.apply(to: caption, at: moment, using: &generator)
  }

  private func all(_ rules: CaptionRules, _ caption: String) -> Set<String> {
    Set((0..<400).map { apply(rules, caption, stream: $0) })
  }

  @Test(arguments: [
    (CaptionRules(), "a, b\nc", "a, b"),
    (CaptionRules(captionPrefix: "p", captionSuffix: "s"), "a", "p a s"),
    (CaptionRules(captionPrefix: ""), "a", "a"),
    (CaptionRules(secondarySeparator: ";;"), "a;;b, c", "a,b, c"),
    (CaptionRules(captionDropoutRate: 1), "a", ""),
    // Any separator becomes a comma and a space where tags are taken apart.
    (CaptionRules(captionSeparator: ";", tokenWarmupStep: 1), "a;b ; c,d", "a"),
    (CaptionRules(shuffleCaption: true, keepTokens: 9), "a,b ,, c", "a, b, , c"),
    (CaptionRules(enableWildcard: true), "{{a}} {} {x} }", "{a} {} x }"),
  ])
  func isChanged(rules: CaptionRules, caption: String, result: String) {
    #expect(apply(rules, caption) == result)
  }

  @Test func shufflingKeepsTheFirst() {
    let rules = CaptionRules(shuffleCaption: true, keepTokens: 1)
    #expect(all(rules, "x, a, b, c").count == 6)
    #expect(all(rules, "x, a, b, c").allSatisfy { $0.hasPrefix("x, ") })
  }

  @Test func shufflingKeepsWhatSeparatorsFence() {
    let rules = CaptionRules(shuffleCaption: true, keepTokensSeparator: "|||")
    #expect(all(rules, "x, y ||| a, b ||| z") == ["x, y, a, b, z", "x, y, b, a, z"])
    #expect(all(rules, "a ||| b") == ["a, b"])
    #expect(all(rules, "a, b") == ["a, b", "b, a"])
  }

  @Test func tagsAreDropped() {
    let rules = CaptionRules(keepTokens: 1, captionTagDropoutRate: 0.5)
    #expect(all(rules, "x, a, b") == ["x, a, b", "x, a", "x, b", "x"])
    let rest = (0..<4000).map { apply(rules, "x, a, b", stream: $0).count { $0 == "," } }
    #expect(abs(Double(rest.reduce(0, +)) / 4000 - 1) < 0.05)
  }

  @Test func captionsAreDropped() {
    let some = CaptionRules(captionDropoutRate: 0.25)
    let dropped = (0..<4000).count { apply(some, "a", stream: $0).isEmpty }
    #expect(abs(Double(dropped) / 4000 - 0.25) < 0.03)
    let epochs = CaptionRules(captionDropoutEveryNEpochs: 3)
    #expect(
      (1...7).map { apply(epochs, "a", epoch: $0).isEmpty }
        == [false, false, true, false, false, true, false])
  }

  @Test func wildcardsChoose() {
    let rules = CaptionRules(enableWildcard: true)
    #expect(all(rules, "{red|blue} hair\nplain") == ["red hair", "blue hair", "plain"])
    #expect(all(rules, "{{{a|b}}}") == ["{a}", "{b}"])
    #expect(all(rules, "{a|}") == ["a", ""])
  }

  @Test func tagsWarmUp() {
    let rules = CaptionRules(tokenWarmupMin: 1, tokenWarmupStep: 0.1)
    let counts = [0, 3, 5, 9, 10].map {
      apply(rules, "a,b,c,d,e", step: $0).split(separator: ",").count
    }
    #expect(counts == [1, 2, 3, 4, 5])
  }

  @Test(arguments: [
    (" a \n b", false, "a"), (" a \n\n b\n", true, "a\nb"), ("\r\n a", false, ""), ("", false, ""),
    ("a\r\nb", false, "a"),
  ])
  func filesAreRead(text: String, keepsLines: Bool, caption: String) {
    #expect(CaptionFile.caption(in: text, keepsLines: keepsLines) == caption)
  }

  @Test func constancyIsKnown() {
    #expect(CaptionRules(captionPrefix: "a", secondarySeparator: ";").isConstant)
    #expect(!CaptionRules(shuffleCaption: true).isConstant)
    #expect(!CaptionRules(captionDropoutEveryNEpochs: 2).isConstant)
  }
}
