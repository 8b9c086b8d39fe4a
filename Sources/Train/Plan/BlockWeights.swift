import CommandSupport
import Glibc
import Names

/// Factors of the learning rate, one for each block of the U-Net.
struct BlockWeights: Hashable {
  let weights: [Double]

  /// Reads `down_lr_weight`, `mid_lr_weight`, `up_lr_weight` and `block_lr_zero_threshold`.
  ///
  /// - Returns: nil if none of the weights is given.
  init?(_ arguments: KeyedArguments, _ layout: BlockLayout) throws(OptionsError) {
    let sides = layout.sides
    let threshold = try arguments.value("block_lr_zero_threshold", .rateFactor) ?? 0
    let down = try Self.side("down_lr_weight", count: sides.down, arguments)
    let middle = try Self.side("mid_lr_weight", count: sides.middle, arguments)
    let up = try Self.side("up_lr_weight", count: sides.up, arguments)
    guard down != nil || middle != nil || up != nil else { return nil }
    let rim = layout == .stableDiffusionXL ? [1.0] : []
    let all =
      rim + (down ?? Self.ones(sides.down)) + (middle ?? Self.ones(sides.middle))
      + (up ?? Self.ones(sides.up)) + rim
    weights = all.map { $0 > threshold ? $0 : 0 }
  }

  private static func ones(_ count: Int) -> [Double] { [Double](repeating: 1, count: count) }

  private static func side(
    _ key: String, count: Int, _ arguments: KeyedArguments
  ) throws(OptionsError) -> [Double]? {
    guard let text = arguments[key] else { return nil }
    if let curve = curve(text, count: count) { return curve }
    do {
      return try arguments.values(key, .rateFactor, count: count)
    } catch {
      throw arguments.wrong(
        key,
        "\(count) numbers from 0 to 1000, or cosine, sine, linear, reverse_linear or zeros with +BASE"
      )
    }
  }

  /// `sine`, `cosine+0.25` and so on: a curve from 0 to 1 or back, lifted by the base.
  private static func curve(_ text: String, count: Int) -> [Double]? {
    let parts = text.split(separator: "+", maxSplits: 1, omittingEmptySubsequences: false)
    guard let base = parts.count == 1 ? 0 : Domain.rateFactor.read(String(parts[1])) else {
      return nil
    }
    let places = (0..<count).map { count == 1 ? 0 : Double($0) / Double(count - 1) }
    let curve: [Double]? =
      switch parts[0] {
      case "sine": places.map { sin(.pi / 2 * $0) }
      case "cosine": places.reversed().map { sin(.pi / 2 * $0) }
      case "linear": places
      case "reverse_linear": places.reversed()
      case "zeros": places.map { _ in 0 }
      default: nil
      }
    return curve?.map { $0 + base }
  }
}

extension Domain where Value == Double {
  /// The factor of a learning rate.
  static var rateFactor: Domain { .number(0...1000) }
}

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
