/// The syntax tree of a regular expression.
indirect enum NamePatternNode {
  case one(Characters)
  case start
  case end
  case sequence([NamePatternNode])
  case choice(NamePatternNode, NamePatternNode)

  /// - Parameter max: `nil` for any number.
  case repeated(NamePatternNode, min: Int, max: Int?)
}

/// A set of characters: ranges, or everything except them.
struct Characters: Sendable {
  var ranges: [ClosedRange<Unicode.Scalar>]
  var isInverted = false

  func contains(_ character: Unicode.Scalar) -> Bool {
    ranges.contains { $0.contains(character) } != isInverted
  }

  static let digits = Characters(ranges: ["0"..."9"])
  static let words = Characters(ranges: ["0"..."9", "A"..."Z", "_"..."_", "a"..."z"])
  static let spaces = Characters(ranges: ["\t"..."\r", " "..." "])

  var inverted: Characters { Characters(ranges: ranges, isInverted: !isInverted) }
}

/// Parses the part of Python's expressions that a Thompson automaton can match.
struct NamePatternParser {
  private let text: [Unicode.Scalar]
  private var place = 0
  private var depth = 0

  init(_ text: String) { self.text = Array(text.unicodeScalars) }

  /// - Returns: `nil` if the text contains anything else.
  mutating func whole() -> NamePatternNode? {
    guard let node = choice(), place == text.count else { return nil }
    return node
  }

  private var next: Unicode.Scalar? { place < text.count ? text[place] : nil }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard next == character else { return false }
    place += 1
    return true
  }

  private mutating func choice() -> NamePatternNode? {
    guard var node = sequence() else { return nil }
    while take("|") {
      guard let other = sequence() else { return nil }
      node = .choice(node, other)
    }
    return node
  }

  private mutating func sequence() -> NamePatternNode? {
    var nodes: [NamePatternNode] = []
    while let character = next, character != "|", character != ")" {
      guard let atom = atom(), let node = repeated(atom) else { return nil }
      nodes.append(node)
    }
    return .sequence(nodes)
  }

  private mutating func atom() -> NamePatternNode? {
    guard let character = next else { return nil }
    place += 1
    switch character {
    case "(": return group()
    case "[": return set()
    case "\\": return escape().map { $0 }
    case ".": return .one(Characters(ranges: ["\n"..."\n"], isInverted: true))
    case "^": return .start
    case "$": return .end
    case "*", "+", "?", "{": return nil
    default: return .one(Characters(ranges: [character...character]))
    }
  }

  private mutating func group() -> NamePatternNode? {
    if take("?") {
      if take("P") {
        guard take("<") else { return nil }
        while let character = next, character != ">" {
          guard Characters.words.contains(character) else { return nil }
          place += 1
        }
        guard take(">") else { return nil }
      } else if !take(":") {
        return nil
      }
    }
    depth += 1
    guard depth < 100, let node = choice(), take(")") else { return nil }
    depth -= 1
    return node
  }

  private mutating func repeated(_ atom: NamePatternNode) -> NamePatternNode? {
    var node = atom
    guard let character = next, "*+?{".unicodeScalars.contains(character) else { return node }
    if case .start = atom { return nil }
    if case .end = atom { return nil }
    place += 1
    switch character {
    case "*": node = .repeated(atom, min: 0, max: nil)
    case "+": node = .repeated(atom, min: 1, max: nil)
    case "?": node = .repeated(atom, min: 0, max: 1)
    default:
      guard let (min, max) = bounds() else { return nil }
      node = .repeated(atom, min: min, max: max)
    }
    _ = take("?")  // A lazy repetition matches the same names.
    let isRepeatedAgain = next.map { "*+?{".unicodeScalars.contains($0) } ?? false
    return isRepeatedAgain ? nil : node
  }

  /// Parses `3}`, `3,}`, `,5}` or `3,5}`.
  private mutating func bounds() -> (min: Int, max: Int?)? {
    let min = number()
    if take("}") { return min.map { ($0, $0) } }
    guard take(",") else { return nil }
    let max = number()
    guard take("}"), max.map({ $0 >= min ?? 0 }) ?? true else { return nil }
    return (min ?? 0, max)
  }

  private mutating func number() -> Int? {
    let start = place
    while let character = next, Characters.digits.contains(character) { place += 1 }
    guard place > start, place - start < 6 else { return nil }
    var digits = String.UnicodeScalarView()
    digits.append(contentsOf: text[start..<place])
    return Int(String(digits))
  }

  /// Parses the text after a backslash.
  private mutating func escape() -> NamePatternNode? {
    guard let character = next else { return nil }
    if character == "A" || character == "Z" {
      place += 1
      return character == "A" ? .start : .end
    }
    return escapedSet().map { .one($0) }
  }

  private mutating func escapedSet() -> Characters? {
    guard let character = next else { return nil }
    place += 1
    switch character {
    case "d": return .digits
    case "D": return Characters.digits.inverted
    case "w": return .words
    case "W": return Characters.words.inverted
    case "s": return .spaces
    case "S": return Characters.spaces.inverted
    case "n": return Characters(ranges: ["\n"..."\n"])
    case "t": return Characters(ranges: ["\t"..."\t"])
    default:
      let isPlain = !Characters.words.contains(character) || character == "_"
      return isPlain ? Characters(ranges: [character...character]) : nil
    }
  }

  private mutating func set() -> NamePatternNode? {
    let isInverted = take("^")
    var ranges: [ClosedRange<Unicode.Scalar>] = []
    var isFirst = true
    while let character = next, isFirst || character != "]" {
      isFirst = false
      place += 1
      var set = Characters(ranges: [character...character])
      if character == "\\" {
        guard let escaped = escapedSet(), !escaped.isInverted else { return nil }
        set = escaped
      }
      if next == "-", place + 1 < text.count, text[place + 1] != "]" {
        place += 1
        guard let last = next, last != "\\", let range = set.ranges.first, set.ranges.count == 1,
          range.lowerBound == range.upperBound, last >= range.lowerBound
        else { return nil }
        place += 1
        set.ranges = [range.lowerBound...last]
      }
      ranges += set.ranges
    }
    guard take("]") else { return nil }
    return .one(Characters(ranges: ranges, isInverted: isInverted))
  }
}
