/// The part of a network that contains a layer, as block weights and reports name it.
package enum Block: Hashable, Sendable {
  /// A block of the U-Net: IN00 to IN11, MID, OUT00 to OUT11.
  case input(Int)
  case middle
  case output(Int)

  /// A numbered block of a transformer, by its kind: `double_blocks` 3.
  case numbered(String, Int)
  case textEncoder(Int)

  /// Any other part, by the first word of its path.
  case other(String)

  package init(of target: Target) {
    if case .textEncoder(let number) = target.network {
      self = .textEncoder(number)
    } else {
      self = Self.unet(target.key) ?? Self.transformer(target)
    }
  }

  /// Source: sd-scripts `get_lbw_block_index`, with three slots per level, the third for the
  /// sampler.
  private static func unet(_ key: String) -> Block? {
    if key.hasPrefix("mid_block_") { return .middle }
    if key.hasPrefix("conv_in") || key.hasPrefix("time_embedding") || key.hasPrefix("add_embedding")
    {
      return .input(0)
    }
    let pieces = key.split(separator: "_", maxSplits: 5)
    guard pieces.count >= 5, pieces[1] == "blocks", let level = layerNumber(pieces[2]),
      let index = layerNumber(pieces[4])
    else { return nil }
    let isSampler = pieces[3].hasSuffix("samplers")
    switch pieces[0] {
    case "down": return .input(isSampler ? 3 * level + 3 : 3 * level + index + 1)
    case "up": return .output(isSampler ? 3 * level + 2 : 3 * level + index)
    default: return nil
    }
  }

  /// Splits a path at its first number into the words before it and the number.
  private static func transformer(_ target: Target) -> Block {
    let pieces = target.key.split(separator: "_")
    guard let index = pieces.firstIndex(where: { layerNumber($0) != nil }),
      let number = layerNumber(pieces[index]),
      index > 0
    else {
      return .other(String((target.path ?? target.key).split(separator: ".").first ?? ""))
    }
    return .numbered(pieces[..<index].joined(separator: "_"), number)
  }

  package var label: String {
    switch self {
    case .input(let number): "IN\(number < 10 ? "0" : "")\(number)"
    case .middle: "MID"
    case .output(let number): "OUT\(number < 10 ? "0" : "")\(number)"
    case .numbered(let kind, let number): "\(kind) \(number)"
    case .textEncoder(let number): number == 1 ? "text encoder" : "text encoder \(number)"
    case .other(let name): name
    }
  }
}

extension Block: Comparable {
  /// Orders text encoders first, then blocks in the order of the data flow.
  package static func < (a: Block, b: Block) -> Bool { a.position < b.position }

  private var position: (Int, String, Int) {
    switch self {
    case .textEncoder(let number): (0, "", number)
    case .input(let number): (1, "", number)
    case .middle: (2, "", 0)
    case .output(let number): (3, "", number)
    case .numbered(let kind, let number): (4 + Self.place(of: kind), kind, number)
    case .other(let name): (100, name, 0)
    }
  }

  /// Orders transformers' blocks, double streams before single streams.
  private static func place(of kind: String) -> Int {
    let order = [
      "noise_refiner", "context_refiner", "double_blocks", "transformer_blocks", "joint_blocks",
      "layers", "blocks", "single_blocks", "single_transformer_blocks",
    ]
    return order.firstIndex(of: kind) ?? order.count
  }
}
