import Adapters
import ArgumentParser
import CommandSupport
import Names

/// The factor of an adapter's weight in each block of the network.
///
/// Lists have the lengths and orders of sd-scripts (12, 17, 20, 26) and supermerger (Flux, 61). As
/// there, blocks that a list does not contain have the factor 1.
struct BlockWeights: Hashable {
  private let weights: [String: Double]

  /// The factor of blocks that are not named.
  private let rest: Double

  /// The length of a list, which determines the models that it is for; `nil` for names.
  private let count: Int?

  private static let lists: [Int: [String]] = [
    26: ["BASE"] + numbered("IN", 0..<12) + ["MID"] + numbered("OUT", 0..<12),
    17: ["BASE"] + numbered("IN", [1, 2, 4, 5, 7, 8]) + ["MID"] + numbered("OUT", 3..<12),
    20: ["BASE"] + numbered("IN", 0..<9) + ["MID"] + numbered("OUT", 0..<9),
    12: ["BASE"] + numbered("IN", [4, 5, 7, 8]) + ["MID"] + numbered("OUT", 0..<6),
    61: ["CLIP", "T5", "IN"] + numbered("D", 0..<19) + numbered("S", 0..<38) + ["OUT"],
  ]

  private static func numbered(_ kind: String, _ numbers: some Sequence<Int>) -> [String] {
    numbers.map { Block.padded(kind, $0) }
  }

  /// - Parameter text: A list of numbers, or names with numbers (`IN04=0.5,MID=0,te=0,rest=1`).
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
      guard name == "REST" || Block.isName(name) else {
        throw ValidationError(
          "--block-weights knows no block '\(pair[0])': \(Block.exampleNames), rest, or KIND.N such as blocks.7."
        )
      }
      weights[name] = try Self.number(String(pair[1]))
    }
    rest = weights.removeValue(forKey: "REST") ?? 1
    self.weights = weights
    count = nil
  }

  private static func number(_ text: String) throws -> Double {
    do {
      return try Domain<Double>.weight.value(text)
    } catch {
      throw ValidationError("Each of --block-weights \(error).")
    }
  }

  /// Refuses a list whose length is meant for other models.
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
    for name in Block(of: target).names {
      if let weight = weights[name] { return weight }
    }
    return rest
  }
}
