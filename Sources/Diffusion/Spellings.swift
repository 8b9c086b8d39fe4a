/// A vocabulary's names with their ids, those of tokens and of the two marks.
struct Spellings {
  let names: TokenNames
  let beginOfText: Int32
  let endOfText: Int32

  /// What `vocab.json` lists, in its order; empty where there is none.
  private(set) var entries: [VocabularyJSON.Entry] = []

  /// CLIP's numbering: the bytes, the bytes at a word's end, the merges in order, the marks.
  init(_ merges: [MergeLine], of bytes: [UInt8]) {
    var names = TokenNames(capacity: 512 + merges.count)
    for (id, byte) in ByteSpelling.order.enumerated() {
      names.insert(ByteSpelling.of[byte], id: Int32(id))
      names.insert(ByteSpelling.of[byte] + ByteSpelling.wordEnd, id: Int32(256 + id))
    }
    for (index, merge) in merges.enumerated() {
      names.insert(merge.joined(bytes), id: Int32(512 + index))
    }
    self.names = names
    beginOfText = Int32(512 + merges.count)
    endOfText = beginOfText + 1
  }

  /// Reads `vocab.json`.
  init(json: [UInt8], file: String) throws(TokenizerError) {
    guard let entries = VocabularyJSON.entries(json) else {
      throw .notAVocabulary(file: file, "is not one JSON object of names and ids")
    }
    var names = TokenNames(capacity: entries.count)
    for entry in entries { names.insert(entry.name, id: entry.id) }
    guard let begin = names["<|startoftext|>".utf8], let end = names["<|endoftext|>".utf8] else {
      throw .notAVocabulary(file: file, "lacks <|startoftext|> or <|endoftext|>")
    }
    self.names = names
    (beginOfText, endOfText) = (begin, end)
    self.entries = entries
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
