extension Tokenizer.Vocabulary {
  /// A vocabulary of listed merges.
  init(
    _ lines: [MergeLine], of text: [UInt8], spellings: Spellings, file: String
  ) throws(TokenizerError) {
    var merges = PairTable(capacity: lines.count)
    for (rank, line) in lines.enumerated() {
      guard let left = spellings.names[text[line.left]],
        let right = spellings.names[text[line.right]],
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

/// The ids of tokens by how a vocabulary spells them, in UTF-8.
///
/// Compared byte by byte, unlike Swift's strings, to which é and e with an accent are the same.
/// A hash table by open addressing over one list of bytes.
struct TokenNames {
  private var spellings: [UInt8] = []
  private var ends: [Int] = [0]
  private var ids: [Int32] = []
  private var slots: [Int32]

  /// - Parameter capacity: The most names that will be inserted.
  init(capacity: Int) {
    slots = Array(repeating: -1, count: tableCount(for: capacity))
    spellings.reserveCapacity(capacity * 8)
  }

  var count: Int { ids.count }

  subscript(name: some Collection<UInt8>) -> Int32? {
    let entry = slots[slot(name)]
    return entry < 0 ? nil : ids[Int(entry)]
  }

  /// Returns whether the name was new.
  @discardableResult
  mutating func insert(_ name: some Collection<UInt8>, id: Int32) -> Bool {
    let slot = slot(name)
    guard slots[slot] < 0 else { return false }
    precondition(2 * count < slots.count, "more than \(count) names")
    slots[slot] = Int32(count)
    ids.append(id)
    spellings += name
    ends.append(spellings.count)
    return true
  }

  /// Where a name is, or where it would go.
  private func slot(_ name: some Collection<UInt8>) -> Int {
    let mask = slots.count - 1
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325  // FNV-1a
    for byte in name { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    var slot = Int(truncatingIfNeeded: hash ^ hash >> 32) & mask
    while slots[slot] >= 0, !has(name, at: Int(slots[slot])) { slot = (slot + 1) & mask }
    return slot
  }

  private func has(_ name: some Collection<UInt8>, at entry: Int) -> Bool {
    spellings[ends[entry]..<ends[entry + 1]].elementsEqual(name)
  }
}
