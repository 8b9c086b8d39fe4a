@testable import Diffusion

/// Reads the sections `vocab.json` and `merges.txt`, and a text by what they say.
func readVocabulary(_ bytes: [UInt8]) throws {
  let sections = Sections(bytes)
  let spellings = try sections["vocab.json"].map { try Spellings(json: $0, file: "vocab.json") }
  let vocabulary: Tokenizer.Vocabulary
  if let merges = sections["merges.txt"] {
    let lines = MergeLine.all(in: merges)
    vocabulary = try Tokenizer.Vocabulary(
      lines, of: merges, spellings: spellings ?? Spellings(lines, of: merges), file: "merges.txt")
  } else if let spellings {
    vocabulary = Tokenizer.Vocabulary(recoveringMergesFrom: spellings)
  } else {
    return
  }
  let tokenizer = Tokenizer(vocabulary: vocabulary)
  for text in ["a girl, 1 big head's <|endoftext|>", sections.text("text")] {
    for maximum in [75, 225] {
      for padding in [Tokenizer.Padding.zero, .endOfText] {
        let chunks = try tokenizer.chunks(of: text, padding: padding, maximum: maximum)
        precondition(
          chunks.allSatisfy { $0.count == Tokenizer.length }, "a chunk of another length")
      }
    }
  }
}
