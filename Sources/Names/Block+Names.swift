// The names of blocks that users know from sd-scripts and supermerger.

extension Block {
  /// The block's names in options, in capitals, the most specific first.
  package var names: [String] {
    switch self {
    case .input(let number): [Self.padded("IN", number)]
    case .middle: ["MID"]
    case .output(let number): [Self.padded("OUT", number)]
    case .textEncoder(let number):
      ["TE\(number)", "TE", "BASE", number == 3 ? "T5" : "CLIP"]
    case .numbered(let kind, let number):
      ["\(kind.uppercased()).\(number)"] + Self.flux(kind, number)
    case .other(let kind): Self.outside(kind)
    }
  }

  /// Whether a name in capitals is a block's in some model.
  package static func isName(_ name: String) -> Bool {
    if fixedNames.contains(name) { return true }
    // `BLOCKS.7` names a transformer's block by its path.
    let pieces = name.split(separator: ".", omittingEmptySubsequences: false)
    return pieces.count == 2 && !pieces[0].isEmpty && Int(pieces[1]) != nil
  }

  /// Example names for sentences about unknown blocks.
  package static let exampleNames =
    "IN00 to IN11, MID, OUT00 to OUT11, D00 to D18, S00 to S37, IN, OUT, TE, TE1 to TE3"

  /// Pads the number: `IN04`.
  package static func padded(_ kind: String, _ number: Int) -> String {
    "\(kind)\(number < 10 ? "0" : "")\(number)"
  }

  private static let fixedNames: Set<String> = {
    let numbers = [("IN", 12), ("OUT", 12), ("D", 19), ("S", 38)].flatMap { kind, count in
      (0..<count).map { padded(kind, $0) }
    }
    return Set(
      numbers + ["BASE", "MID", "CLIP", "T5", "IN", "OUT", "TE", "TE1", "TE2", "TE3"])
  }()

  private static func flux(_ kind: String, _ number: Int) -> [String] {
    switch kind {
    case "double_blocks", "transformer_blocks": [padded("D", number)]
    case "single_blocks", "single_transformer_blocks": [padded("S", number)]
    default: outside(kind)
    }
  }

  /// The names of a layer outside Flux's blocks, or of a U-Net's last layers.
  private static func outside(_ kind: String) -> [String] {
    let before = ["img", "txt", "time", "vector", "guidance", "x", "context"]
    let behind = ["final", "norm", "proj", "conv"]
    let word = kind.prefix { $0 != "_" }
    if before.contains(where: { word == $0 }) { return ["IN"] }
    return behind.contains(where: { word == $0 }) ? ["OUT"] : []
  }
}
