extension Tokenizer {
  /// The ids of CLIP's 256 bytes, of their pairs, and of what pairs of pairs merge into.
  package struct Vocabulary: Sendable {
    /// The id of each byte within a word, and of each at a word's end.
    let bytes: [Int32]
    let lastBytes: [Int32]
    var merges: PairTable
    let beginOfText: Int32
    let endOfText: Int32

    /// The ids of one word: the pair of lowest rank is merged wherever it stands, until no two
    /// neighbours merge.
    ///
    /// - Parameter word: UTF-8.
    func ids(ofWord word: [UInt8]) -> [Int32] {
      guard let last = word.last else { return [] }
      return merged(word.dropLast().map { bytes[Int($0)] } + [lastBytes[Int(last)]])
    }

    func merged(_ ids: [Int32]) -> [Int32] {
      var ids = ids
      while let best = lowestMerge(in: ids) { merge(best, in: &ids) }
      return ids
    }

    private struct Candidate {
      let left: Int32
      let right: Int32
      let merge: PairTable.Merge
    }

    private func lowestMerge(in ids: [Int32]) -> Candidate? {
      var best: Candidate?
      for (left, right) in zip(ids, ids.dropFirst()) {
        guard let merge = merges[left, right] else { continue }
        if best.map({ merge.rank < $0.merge.rank }) ?? true {
          best = Candidate(left: left, right: right, merge: merge)
        }
      }
      return best
    }

    private func merge(_ pair: Candidate, in ids: inout [Int32]) {
      var result: [Int32] = []
      var index = 0
      while index < ids.count {
        let isPair =
          ids[index] == pair.left && index + 1 < ids.count && ids[index + 1] == pair.right
        result.append(isPair ? pair.merge.id : ids[index])
        index += isPair ? 2 : 1
      }
      ids = result
    }
  }
}

/// Which pairs of ids merge, in what order, and into what.
struct PairTable: Sendable {
  struct Merge: Equatable {
    let rank: Int32
    let id: Int32
  }

  private var merges: [SIMD2<Int32>: Merge]

  init(capacity: Int) { merges = Dictionary(minimumCapacity: capacity) }

  subscript(left: Int32, right: Int32) -> Merge? { merges[SIMD2(left, right)] }

  /// Keeps the first of two merges of one pair.
  mutating func insert(_ left: Int32, _ right: Int32, _ merge: Merge) {
    if self[left, right] == nil { merges[SIMD2(left, right)] = merge }
  }
}
