/// The numbering of a U-Net's blocks that per-block options follow.
enum BlockLayout: Hashable {
  /// 25 blocks: 12 down, 1 in the middle, 12 up.
  case stableDiffusion

  /// 23 blocks: embeddings, 9 down, 3 in the middle, 9 up, out.
  case stableDiffusionXL

  var blockCount: Int { self == .stableDiffusion ? 25 : 23 }

  /// How many blocks lead down, lie in the middle, and lead up.
  var sides: (down: Int, middle: Int, up: Int) {
    self == .stableDiffusion ? (12, 1, 12) : (9, 3, 9)
  }

  /// The block that a module belongs to, or nil for one of a text encoder.
  ///
  /// - Parameter module: sd-scripts' name, `lora_unet_down_blocks_0_attentions_1_proj_in`.
  func block(of module: String) -> Int? {
    guard module.hasPrefix("lora_unet_") else { return nil }
    let words = module.dropFirst("lora_unet_".count).split(separator: "_")
    return self == .stableDiffusion ? Self.block(words) : Self.blockXL(words)
  }

  /// `down_blocks_0_attentions_1` is 1 + 3·0 + 1; samplers count as the third of their level.
  private static func block(_ words: [Substring]) -> Int? {
    guard words.first != "mid" else { return 12 }
    guard words.count > 4, let level = Int(words[2]), let number = Int(words[4]) else { return nil }
    let isSampler = words[3] == "downsamplers" || words[3] == "upsamplers"
    let index = 3 * level + (isSampler ? 2 : number)
    return words[0] == "down" ? 1 + index : 13 + index
  }

  /// `input_blocks_4_1_…` is 1 + 4, `middle_block_1_…` 10 + 1, `output_blocks_0_0_…` 13 + 0.
  private static func blockXL(_ words: [Substring]) -> Int? {
    switch words.first {
    case "input" where words.count > 2: Int(words[2]).map { 1 + $0 }
    case "middle" where words.count > 2: Int(words[2]).map { 10 + $0 }
    case "output" where words.count > 2: Int(words[2]).map { 13 + $0 }
    case "out": 22
    default: 0
    }
  }
}
