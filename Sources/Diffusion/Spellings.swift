/// A vocabulary's names with their ids, those of tokens and of the two marks.
struct Spellings {
  /// The ids of tokens by how they are spelled, in UTF-8.
  ///
  /// Compared byte by byte, unlike Swift's strings, to which é and e with an accent are the same.
  let names: [[UInt8]: Int32]
  let beginOfText: Int32
  let endOfText: Int32

  /// The entries of `vocab.json` in its order; empty where the vocabulary has no such file.
  private(set) var entries: [VocabularyJSON.Entry] = []

  /// CLIP's numbering: the bytes, the bytes at a word's end, the merges in order, the marks.
  init(_ merges: [MergeLine], of bytes: [UInt8]) {
    var tokens = ByteSpelling.order.map { ByteSpelling.of[$0] }
    tokens += tokens.map { $0 + ByteSpelling.wordEnd }
    tokens += merges.map { $0.joined(bytes) }
    names = Self.firsts(of: tokens.enumerated().map { ($1, Int32($0)) })
    beginOfText = Int32(512 + merges.count)
    endOfText = beginOfText + 1
  }

  init(json: [UInt8], file: String) throws(TokenizerError) {
    guard let entries = VocabularyJSON.entries(json) else {
      throw .notAVocabulary(file: file, "is not one JSON object of names and ids")
    }
    names = Self.firsts(of: entries.map { ($0.name, $0.id) })
    guard let begin = names[Array("<|startoftext|>".utf8)],
      let end = names[Array("<|endoftext|>".utf8)]
    else {
      throw .notAVocabulary(file: file, "lacks <|startoftext|> or <|endoftext|>")
    }
    (beginOfText, endOfText) = (begin, end)
    self.entries = entries
  }

  /// Keeps the first of several tokens of one name.
  private static func firsts(of tokens: [([UInt8], Int32)]) -> [[UInt8]: Int32] {
    Dictionary(tokens) { first, _ in first }
  }
}

/// How bytes are spelled in a vocabulary: each by one printable character.
enum ByteSpelling {
  static let wordEnd = Array("</w>".utf8)

  /// The bytes in the order of their ids: those that are printable first.
  static let order: [Int] = {
    let printable = Array(33...126) + Array(161...172) + Array(174...255)
    return printable + (0...255).filter { !printable.contains($0) }
  }()

  /// UTF-8 of the character for each byte: the printable ones stand for themselves, the others
  /// are U+0100 and following.
  static let of: [[UInt8]] = {
    var spellings = Array(repeating: [UInt8](), count: 256)
    for (index, byte) in order.enumerated() {
      let value = UInt32(index < 188 ? byte : 256 + index - 188)
      spellings[byte] = Unicode.Scalar(value).map { Array(String($0).utf8) } ?? []
    }
    return spellings
  }()
}

/// A line of `merges.txt`, as places in its bytes.
struct MergeLine {
  let left: Range<Int>
  let right: Range<Int>

  /// CLIP uses this many of the merges in OpenAI's file.
  private static let limit = 48_894

  func joined(_ bytes: [UInt8]) -> [UInt8] { Array(bytes[left]) + bytes[right] }

  /// The merges, in order; the version line is skipped, and so is what is not two words.
  static func all(in bytes: [UInt8]) -> [MergeLine] {
    var lines: [MergeLine] = []
    lines.reserveCapacity(limit)
    var start = 0
    while start < bytes.count, lines.count < limit {
      let newline = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
      let end = newline > start && bytes[newline - 1] == UInt8(ascii: "\r") ? newline - 1 : newline
      if let line = MergeLine(bytes, start..<end) { lines.append(line) }
      start = newline + 1
    }
    return lines
  }

  private init?(_ bytes: [UInt8], _ line: Range<Int>) {
    guard let space = bytes[line].firstIndex(of: UInt8(ascii: " ")), space > line.lowerBound,
      space + 1 < line.upperBound, !bytes[line].starts(with: "#version".utf8),
      !bytes[line].starts(with: "\"bpe_simple_vocab".utf8)
    else { return nil }
    left = line.lowerBound..<space
    right = space + 1..<line.upperBound
  }
}
