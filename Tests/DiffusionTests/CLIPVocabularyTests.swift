import Foundation
import TestSupport
import Testing

@testable import Diffusion

/// CLIP's own vocabulary, which is not part of this repository.
@Suite(.enabled(if: FileManager.default.fileExists(atPath: clip), "no ../shared/clip"))
struct CLIPVocabularyTests {
  private struct Vectors: Decodable {
    struct Vector: Decodable {
      let text: String
      let ids: [Int32]
      let padded77: [Int32]
    }
    let vectors: [Vector]
  }

  @Test(arguments: ["", "/merges.txt"]) func allVectors(name: String) throws {
    let tokenizer = try Tokenizer(vocabulary: Tokenizer.Vocabulary(path: clip + name))
    let data = try Data(contentsOf: URL(filePath: clip + "/vectors.json"))
    let vectors = try JSONDecoder().decode(Vectors.self, from: data).vectors
    #expect(vectors.count == 200)
    for vector in vectors {
      let ids = try tokenizer.ids(of: vector.text)
      #expect([tokenizer.beginOfText] + ids + [tokenizer.endOfText] == vector.ids)
      #expect(try tokenizer.chunks(of: vector.text, padding: .endOfText) == [vector.padded77])
    }
  }

  @Test func mergesAreRecoveredFromTheNames() throws {
    let names = try Tokenizer.Vocabulary(path: clip + "/vocab.json")
    let listed = try Tokenizer.Vocabulary(path: clip + "/merges.txt")
    #expect(names.beginOfText == listed.beginOfText)
    for text in ["photorealistic", "masterpiece", "looking", "antidisestablishmentarianism"] {
      #expect(names.ids(ofWord: Array(text.utf8)) == listed.ids(ofWord: Array(text.utf8)))
    }
  }

  @Test(arguments: [
    ("", []), ("girl", [1611]),
    ("1girl, solo, looking at viewer", [272, 1611, 267, 5797, 267, 1312, 536, 15061]),
    ("A Photo of a CAT!!!", [320, 1125, 539, 320, 2368, 995]),
    (
      "don't 2024 naïve 東京",
      [847, 713, 273, 271, 273, 275, 1097, 35689, 563, 48338, 21078, 361]
    ),
  ])
  func knownTexts(text: String, ids: [Int32]) throws {
    #expect(try Tokenizer(vocabulary: Tokenizer.Vocabulary(path: clip)).ids(of: text) == ids)
  }
}

private let clip = Fixtures.directory.deletingLastPathComponent().deletingLastPathComponent()
  .appending(path: "shared/clip").path
