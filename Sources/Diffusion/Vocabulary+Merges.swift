extension Tokenizer.Vocabulary {
  /// A vocabulary of listed merges.
  init(
    _ lines: [MergeLine], of text: [UInt8], spellings: Spellings, file: String
  ) throws(TokenizerError) {
    var merges = PairTable(capacity: lines.count)
    for (rank, line) in lines.enumerated() {
      guard let left = spellings.names[Array(text[line.left])],
        let right = spellings.names[Array(text[line.right])],
        let id = spellings.names[line.joined(text)]
      else {
        let shown = String(
          decoding: text[line.left.lowerBound..<line.right.upperBound], as: UTF8.self)
        throw .notAVocabulary(
          file: file, "merge \(rank + 1), \"\(shown)\", is not of its vocabulary's tokens")
      }
      merges.insert(left, right, PairTable.Merge(rank: Int32(rank), id: id))
    }
    self.init(spellings, merges: merges)
  }

  /// A vocabulary whose merges are found from its names.
  ///
  /// A token was made of the two that the merges before it leave of its bytes, for ids were
  /// given in the order of merging.
  init(recoveringMergesFrom spellings: Spellings) {
    self.init(spellings, merges: PairTable(capacity: spellings.entries.count))
    let tokens = spellings.entries.sorted { $0.id < $1.id }
    for (rank, token) in tokens.enumerated() {
      let parts = merged(Self.symbols(of: token.name).compactMap { spellings.names[$0] })
      if parts.count == 2 {
        merges.insert(parts[0], parts[1], PairTable.Merge(rank: Int32(rank), id: token.id))
      }
    }
  }

  private init(_ spellings: Spellings, merges: PairTable) {
    let unknown = spellings.endOfText
    bytes = ByteSpelling.of.map { spellings.names[$0] ?? unknown }
    lastBytes = ByteSpelling.of.map { spellings.names[$0 + ByteSpelling.wordEnd] ?? unknown }
    self.merges = merges
    beginOfText = spellings.beginOfText
    endOfText = spellings.endOfText
  }

  /// The characters of a name, a word's end being part of the last.
  private static func symbols(of name: [UInt8]) -> [[UInt8]] {
    let ends = name.count > 4 && name.suffix(4).elementsEqual(ByteSpelling.wordEnd)
    var symbols = String(decoding: ends ? name.dropLast(4) : name[...], as: UTF8.self)
      .unicodeScalars.map { Array(String($0).utf8) }
    if ends, let last = symbols.popLast() { symbols.append(last + ByteSpelling.wordEnd) }
    return symbols
  }
}
