/// Reads the table of a family's layers, one layer per line.
///
///     [double_blocks.# = transformer_blocks.#]
///     img_attn.qkv = attn.to_q | attn.to_k | attn.to_v : 3 1
///     linear1 = attn.to_q | attn.to_k | attn.to_v | 4*proj_mlp : 7 1 ; also qkv@0-2
///     []
///     final_layer.adaLN_modulation.1 = ~norm_out.linear : 2 1
///
/// - `ORIGINAL = DIFFUSERS`; a single name is that of all worlds, and `-` means no name.
/// - `a | b | c`: one layer per part in the order of the rows, with equal shares, or with as many
///   as the number before a `*`.
/// - `~name`: the halves of the rows are swapped; `~~name`: they are if there are two rows per
///   input.
/// - `: OUT IN`: the extents of the whole in units of the hidden width.
/// - `; trainer a | b`: paths that only sd-scripts or musubi-tuner uses.
/// - `; also NAME`: an alternative name in files; `NAME@0-2` covers some of the shares.
/// - `[ORIGINAL = DIFFUSERS]`: the prefix of the lines below; `[a, b]`: once for each; `[]`: no
///   prefix.
///
/// A line that breaks these rules is our own mistake, and traps.
struct FamilyTable {
  private(set) var layers: [FamilyLayer] = []
  private var blocks: [(original: String, diffusers: String)] = [("", "")]

  init(_ text: String) {
    for line in text.pieces("\n") {
      let line = line.trimmed
      if line.isEmpty { continue }
      if line.hasPrefix("[") {
        blocks = line.dropFirst().dropLast().pieces(",").map {
          let sides = $0.pieces("=").map(\.trimmed)
          return (sides[0] + ".", sides[sides.count - 1] + ".")
        }
        if blocks.isEmpty { blocks = [("", "")] }
      } else {
        let line = TableLine(line)
        layers += blocks.map { line.layer(behind: $0.original, $0.diffusers) }
      }
    }
  }
}

private struct TableLine {
  private let original: [(path: String, shares: Int)]
  private let diffusers: [(path: String, shares: Int)]
  private var trainer: [(path: String, shares: Int)] = []
  private var others: [(path: String, shares: ClosedRange<Int>?)] = []
  private var order = FamilyLayer.Order.same
  private var size: FamilyLayer.Size?
  private let count: Int

  init(_ text: String) {
    let clauses = text.pieces(";").map(\.trimmed)
    let pieces = clauses[0].pieces(":").map(\.trimmed)
    var sides = pieces[0].pieces("=").map(\.trimmed)
    precondition((1...2).contains(sides.count) && pieces.count <= 2, "no line of a table: \(text)")
    if sides.count == 2, sides[1].hasPrefix("~") {
      order = sides[1].hasPrefix("~~") ? .halvesSwappedOfTwo : .halvesSwapped
      sides[1] = String(sides[1].drop { $0 == "~" })
    }
    original = Self.parts(sides[0])
    diffusers = Self.parts(sides[sides.count - 1])
    if pieces.count == 2 {
      let numbers = pieces[1].pieces(" ").compactMap { Double($0) }
      precondition(numbers.count == 2, "no extents: \(text)")
      size = .init(outputs: numbers[0], inputs: numbers[1])
    }
    for clause in clauses.dropFirst() {
      let words = clause.pieces(" ", maxSplits: 1).map(\.trimmed)
      precondition(words.count == 2, "no clause: \(clause)")
      switch words[0] {
      case "trainer": trainer = Self.parts(words[1])
      case "also": others.append(Self.other(words[1]))
      default: preconditionFailure("no clause: \(clause)")
      }
    }
    count = [original, diffusers, trainer].map { $0.reduce(0) { $0 + $1.shares } }.max() ?? 1
  }

  private static func parts(_ text: String) -> [(String, Int)] {
    if text == "-" { return [] }
    return text.pieces("|").map { part in
      let pieces = part.trimmed.pieces("*").map(\.trimmed)
      return (pieces[pieces.count - 1], pieces.count == 2 ? Int(pieces[0]) ?? 1 : 1)
    }
  }

  private static func other(_ text: String) -> (String, ClosedRange<Int>?) {
    let pieces = text.pieces("@")
    guard pieces.count == 2 else { return (text, nil) }
    let bounds = pieces[1].pieces("-").compactMap { Int($0) }
    precondition(bounds.count == 2, "no shares: \(text)")
    return (String(pieces[0]), bounds[0]...bounds[1])
  }

  func layer(behind block: String, _ diffusersBlock: String) -> FamilyLayer {
    let parts: [World: [FamilyLayer.Part]] = [
      .original: Self.parts(original, behind: block, count: count),
      .diffusers: Self.parts(diffusers, behind: diffusersBlock, count: count, order: order),
      .trainer: Self.parts(trainer, behind: block, count: count),
    ]
    return FamilyLayer(
      parts: parts.filter { !$0.value.isEmpty },
      others: others.map {
        FamilyLayer.Part(
          pattern: PathPattern(block + $0.path),
          shares: $0.shares.map { $0.lowerBound..<$0.upperBound + 1 } ?? 0..<count, order: .same)
      }, count: count, size: size)
  }

  /// Parses the parts; a single path has all shares.
  private static func parts(
    _ parts: [(path: String, shares: Int)], behind block: String, count: Int,
    order: FamilyLayer.Order = .same
  ) -> [FamilyLayer.Part] {
    var start = 0
    return parts.map { path, shares in
      defer { start += shares }
      let range = parts.count == 1 ? 0..<count : start..<start + shares
      return FamilyLayer.Part(pattern: PathPattern(block + path), shares: range, order: order)
    }
  }
}

extension StringProtocol {
  /// The parts between separators of one byte, empty ones left out: every start reads tables, and to
  /// split bytes takes a fraction of the time that characters take.
  fileprivate func pieces(_ separator: Unicode.Scalar, maxSplits: Int = .max) -> [Substring] {
    Substring(self).utf8.split(separator: UInt8(ascii: separator), maxSplits: maxSplits)
      .map(Substring.init)
  }
}

extension Substring {
  /// The text without surrounding spaces.
  fileprivate var trimmed: String {
    let space = UInt8(ascii: " ")
    let rest = utf8.drop { $0 == space }
    let end = rest.lastIndex { $0 != space }.map { rest.index(after: $0) } ?? rest.startIndex
    return String(Substring(rest[..<end]))
  }
}
