import Foundation
import TestSupport
import Testing

@testable import Diffusion

@Suite struct TokenizerTests {
  static let tiny = Fixtures.path("tokenizer")

  static func tokenizer(_ name: String = "") throws -> Tokenizer {
    try Tokenizer(vocabulary: Tokenizer.Vocabulary(path: tiny + name))
  }

  @Test(arguments: [
    ("", []),
    ("low", [515]),
    ("LOW  lower\tlowest", [515, 513, 516, 513, 518]),
    ("lows's", [513, 338, 6, 338]),
    // A number stands alone, other signs together.
    ("12!?low", [272, 273, 0, 286, 515]),
    ("low<|endoftext|>low", [515, 520, 515]),
    ("!<|startoftext|>!", [256, 519, 256]),
  ])
  func words(text: String, ids: [Int32]) throws {
    #expect(try Self.tokenizer().ids(of: text) == ids)
  }

  @Test(arguments: [
    ("e\u{301}", "é"), ("\u{1112}\u{1161}\u{11AB}", "한"), ("ΑΣ", "ασ"),
    ("a\u{3000}\u{A0}b", "a b"), ("İ", "i\u{307}"), ("'S", "'s"),
  ])
  func spellingsAreOne(text: String, other: String) {
    #expect(Tokenizer.words(in: text) == Tokenizer.words(in: other))
  }

  @Test(arguments: ["/vocab.json", "/merges.txt", ""]) func anyFileWillDo(name: String) throws {
    let whole = try Self.tokenizer()
    let some = try Self.tokenizer(name)
    for text in ["low lower lowest", "newest, widest", "ünïcode 東京"] {
      #expect(try some.ids(of: text) == whole.ids(of: text))
    }
  }

  @Test func chunksAreFilled() throws {
    let tokenizer = try Self.tokenizer()
    let text = Array(repeating: "low", count: 80).joined(separator: " ")
    let one = try tokenizer.chunks(of: text, padding: .zero)
    #expect(one == [[519] + Array(repeating: 515, count: 75) + [520]])
    let three = try tokenizer.chunks(of: text, padding: .zero, maximum: 225)
    #expect(three[0] == one[0])
    #expect(
      three[1] == [519] + Array(repeating: 515, count: 5) + [520] + Array(repeating: 0, count: 70))
    #expect(three[2] == [519, 520] + Array(repeating: 0, count: 75))
    let sameMark = try tokenizer.chunks(of: text, padding: .endOfText, maximum: 150)
    #expect(
      sameMark[1] == [519] + Array(repeating: 515, count: 5) + Array(repeating: 520, count: 71))
    #expect(
      try tokenizer.chunks(of: "", padding: .zero) == [[519, 520] + Array(repeating: 0, count: 75)])
  }

  @Test func withoutVocabularyOnlyTheEmptyTextHasIDs() throws {
    let tokenizer = Tokenizer(vocabulary: nil)
    let ids = try tokenizer.chunks(of: " ", padding: .endOfText)
    #expect(ids == [[49406] + Array(repeating: 49407, count: 76)])
    #expect(throws: TokenizerError.noVocabulary(text: "girl")) { try tokenizer.ids(of: "girl") }
  }

  @Test func vocabularyIsFoundBesideTheModel() throws {
    let model = Fixtures.path("tokenizer/model.safetensors")
    let found = try Tokenizer(path: nil, environment: nil, besideModel: model)
    #expect(try found.ids(of: "low") == [515])
    let none = try Tokenizer(path: nil, environment: "", besideModel: "/nowhere/model.safetensors")
    #expect(none.endOfText == 49407)
    #expect(throws: TokenizerError.self) {
      try Tokenizer(path: "/nowhere", environment: nil, besideModel: model)
    }
  }

  @Test(arguments: [
    "{", "{}", #"{"a": 1,}"#, #"{"a" 1}"#, #"{"a": -1}"#, #"{"a": 99999999999}"#, #"{"\u12"#,
    #"{"a": 1} x"#, #"{"\uD800": 1}"#,
  ])
  func otherJSONIsRefused(text: String) {
    #expect(VocabularyJSON.entries(Array(text.utf8)) == nil)
  }

  @Test func escapesAreRead() throws {
    let entries = try #require(VocabularyJSON.entries(Array(#"{"\u0120\"\\": 7 }"#.utf8)))
    #expect(entries.map(\.id) == [7])
    #expect(entries.map(\.name) == [Array("Ġ\"\\".utf8)])
  }

  @Test func namesAreNoLongerThanMergingIsQuick() throws {
    func json(_ name: String) -> [UInt8] {
      Array("{\"\(name)\":0,\"<|startoftext|>\":1,\"<|endoftext|>\":2}".utf8)
    }
    _ = try Spellings(json: json(String(repeating: "a", count: 1024)), file: "v")
    #expect(throws: TokenizerError.self) {
      try Spellings(json: json(String(repeating: "a", count: 1025)), file: "v")
    }
  }
}
