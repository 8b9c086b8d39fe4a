import Names

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
    let target = Target.parse(module).target
    let rim = self == .stableDiffusionXL ? 1 : 0
    switch Block(of: target) {
    case .input(let number): return rim + number
    case .middle: return rim + sides.down + (sides.middle == 1 ? 0 : Self.partOfMiddle(target.key))
    case .output(let number): return rim + sides.down + sides.middle + number
    case .numbered, .textEncoder, .other: return nil
    }
  }

  /// 1 for the attention between the two resnets, which the original names as `middle_block_1`.
  private static func partOfMiddle(_ key: String) -> Int {
    UNetNames.originalKey(diffusers: key, in: BaseModel.sdxl.unetLayout)
      .flatMap { $0.split(separator: "_").dropFirst(2).first }.flatMap { Int($0) } ?? 0
  }
}
