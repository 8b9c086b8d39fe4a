import Adapters
import ArgumentParser
import CommandSupport
import Names

/// What an adapter's weight is multiplied by in each block of the network.
///
/// Lists have the lengths and orders of sd-scripts (12, 17, 20, 26) and supermerger (Flux, 61);
/// blocks that a list does not name keep the weight 1, as there.
struct BlockWeights: Hashable {
  private let weights: [String: Double]

  /// The weight of blocks that are not named.
  private let rest: Double

  /// The list's length, for lists; which models it is for depends on it.
  private let count: Int?

  private static let lists: [Int: [String]] = [
    26: ["BASE"] + numbered("IN", 0..<12) + ["MID"] + numbered("OUT", 0..<12),
    17: ["BASE"] + numbered("IN", [1, 2, 4, 5, 7, 8]) + ["MID"] + numbered("OUT", 3..<12),
    20: ["BASE"] + numbered("IN", 0..<9) + ["MID"] + numbered("OUT", 0..<9),
    12: ["BASE"] + numbered("IN", [4, 5, 7, 8]) + ["MID"] + numbered("OUT", 0..<6),
    61: ["CLIP", "T5", "IN"] + numbered("D", 0..<19) + numbered("S", 0..<38) + ["OUT"],
  ]

  private static func numbered(_ kind: String, _ numbers: some Sequence<Int>) -> [String] {
    numbers.map { "\(kind)\($0 < 10 ? "0" : "")\($0)" }
  }

  /// Names that may be given a weight.
  private static let names = Set(lists.values.flatMap { $0 } + ["TE", "TE1", "TE2", "TE3"])

  /// - Parameter text: Numbers, or names with numbers (`IN04=0.5,MID=0,te=0,rest=1`).
  init(_ text: String) throws {
    let items = text.split(separator: ",", omittingEmptySubsequences: false)
      .map { $0.filter { $0 != " " } }
    if items.contains(where: { $0.contains("=") }) {
      try self.init(named: items)
    } else {
      try self.init(listed: items)
    }
  }

  private init(listed items: [String]) throws {
    guard let names = Self.lists[items.count] else {
      throw ValidationError(
        "--block-weights has \(items.count) numbers; 12 or 20 are for SDXL, 17 or 26 for SD 1 and 2, 61 for Flux."
      )
    }
    let values = try items.map(Self.number)
    weights = Dictionary(zip(names, values), uniquingKeysWith: { first, _ in first })
    rest = 1
    count = items.count
  }

  private init(named items: [String]) throws {
    var weights: [String: Double] = [:]
    for item in items {
      let pair = item.split(separator: "=", maxSplits: 1)
      guard pair.count == 2 else {
        throw ValidationError("--block-weights takes NAME=NUMBER pairs, not '\(item)'.")
      }
      let name = pair[0].uppercased()
      guard name == "REST" || Self.names.contains(name) || Self.isNumberedKind(name) else {
        throw ValidationError(
          "--block-weights knows no block '\(pair[0])': IN00 to IN11, MID, OUT00 to OUT11, D00 to D18, S00 to S37, IN, OUT, TE, TE1 to TE3, rest, or KIND.N such as blocks.7."
        )
      }
      weights[name] = try Self.number(String(pair[1]))
    }
    rest = weights.removeValue(forKey: "REST") ?? 1
    self.weights = weights
    count = nil
  }

  /// `BLOCKS.7`: a transformer's block by its path.
  private static func isNumberedKind(_ name: String) -> Bool {
    let pieces = name.split(separator: ".", omittingEmptySubsequences: false)
    return pieces.count == 2 && !pieces[0].isEmpty && Int(pieces[1]) != nil
  }

  private static func number(_ text: String) throws -> Double {
    do {
      return try Domain<Double>.weight.value(text)
    } catch {
      throw ValidationError("Each of --block-weights \(error).")
    }
  }

  /// Refuses a list of a length that is for other models.
  func check(for model: BaseModel) throws {
    let fits: Bool =
      switch (count, model) {
      case (nil, _), (_, .unknown): true
      case (17, .sd1), (17, .sd2), (26, .sd1), (26, .sd2), (12, .sdxl), (20, .sdxl), (61, .flux1):
        true
      default: false
      }
    if !fits {
      throw ValidationError(
        "--block-weights of \(count ?? 0) numbers does not fit \(model.rawValue): 12 or 20 are for SDXL, 17 or 26 for SD 1 and 2, 61 for Flux; names fit any."
      )
    }
  }

  func weight(of target: Target) -> Double {
    for name in Self.names(of: Block(of: target)) {
      if let weight = weights[name] { return weight }
    }
    return rest
  }

  /// The names that a block goes by, the most special first.
  private static func names(of block: Block) -> [String] {
    switch block {
    case .input(let number): numbered("IN", [number])
    case .middle: ["MID"]
    case .output(let number): numbered("OUT", [number])
    case .textEncoder(let number):
      ["TE\(number)", "TE", "BASE", number == 3 ? "T5" : "CLIP"]
    case .numbered(let kind, let number): ["\(kind.uppercased()).\(number)"] + flux(kind, number)
    case .other(let kind): outside(kind)
    }
  }

  private static func flux(_ kind: String, _ number: Int) -> [String] {
    switch kind {
    case "double_blocks", "transformer_blocks": numbered("D", [number])
    case "single_blocks", "single_transformer_blocks": numbered("S", [number])
    default: outside(kind)
    }
  }

  /// What a layer outside of Flux's blocks, or a U-Net's last one, goes by.
  private static func outside(_ kind: String) -> [String] {
    let before = ["img", "txt", "time", "vector", "guidance", "x", "context"]
    let behind = ["final", "norm", "proj", "conv"]
    let word = kind.prefix { $0 != "_" }
    if before.contains(where: { word == $0 }) { return ["IN"] }
    return behind.contains(where: { word == $0 }) ? ["OUT"] : []
  }
}
