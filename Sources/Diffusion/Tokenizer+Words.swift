// The standard library's own normalizer, which Foundation uses too; it has no public name yet.
@_spi(_Unicode) import Swift

extension Tokenizer {
  /// A piece of text that is merged apart from its neighbours.
  enum Word: Equatable {
    case beginOfText
    case endOfText

    /// UTF-8.
    case text([UInt8])
  }

  /// The words of a text: canonically composed, in lower case, without white space.
  static func words(in text: String) -> [Word] {
    var words: [Word] = []
    var rest = normalized(text)[...]
    while let first = rest.first {
      if first.properties.isWhitespace {
        rest.removeFirst()
      } else if let (word, count) = specialWord(rest) {
        words.append(word)
        rest.removeFirst(count)
      } else {
        let count = wordLength(rest)
        words.append(.text(utf8(rest.prefix(count))))
        rest.removeFirst(count)
      }
    }
    return words
  }

  private static func normalized(_ text: String) -> [Unicode.Scalar] {
    text._nfc.flatMap { $0.properties.lowercaseMapping.unicodeScalars }
  }

  private static func utf8(_ scalars: some Sequence<Unicode.Scalar>) -> [UInt8] {
    scalars.flatMap { UTF8.encode($0).map(Array.init) ?? [] }
  }

  private static let specialWords: [(Word, [Unicode.Scalar])] = [
    (.beginOfText, Array("<|startoftext|>".unicodeScalars)),
    (.endOfText, Array("<|endoftext|>".unicodeScalars)),
  ]

  private static func specialWord(_ rest: ArraySlice<Unicode.Scalar>) -> (Word, count: Int)? {
    guard rest.first == "<" else { return nil }
    return specialWords.first { rest.starts(with: $0.1) }.map { ($0.0, $0.1.count) }
  }

  private static let contractions = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"]
    .map { Array($0.unicodeScalars) }

  /// How many scalars the word at the start of `rest` has; `rest` begins with no space.
  private static func wordLength(_ rest: ArraySlice<Unicode.Scalar>) -> Int {
    guard let first = rest.first else { return 0 }
    if first == "'", let contraction = contractions.first(where: { rest.starts(with: $0) }) {
      return contraction.count
    }
    switch Kind(first) {
    case .number: return 1
    case .letter: return rest.prefix { Kind($0) == .letter }.count
    case .space, .other:
      // a special word is cut out before the text around it is split
      var count = 1
      while count < rest.count {
        let following = rest.dropFirst(count)
        guard let next = following.first, Kind(next) == .other, specialWord(following) == nil
        else { break }
        count += 1
      }
      return count
    }
  }

  /// The kinds of characters between which a text is split.
  private enum Kind {
    case letter
    case number
    case space
    case other

    init(_ scalar: Unicode.Scalar) {
      switch scalar.properties.generalCategory {
      case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter:
        self = .letter
      case .decimalNumber, .letterNumber, .otherNumber: self = .number
      default: self = scalar.properties.isWhitespace ? .space : .other
      }
    }
  }
}
