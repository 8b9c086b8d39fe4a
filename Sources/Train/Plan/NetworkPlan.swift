/// Which modules get an adapter, of what rank and alpha.
struct NetworkPlan: Hashable {
  /// The rank and alpha of one module's adapter.
  struct Extent: Hashable {
    let rank: Int
    let alpha: Double
  }

  let layout: BlockLayout

  /// Of linear layers and 1 × 1 convolutions.
  let linear: Extent

  /// Of larger convolutions; nil leaves them alone.
  let convolution: Extent?

  /// In place of the two above, one a block; rank 0 leaves the block alone.
  let blocks: [Extent]?
  let convolutionBlocks: [Extent]?
  let trainsUNet: Bool
  let trainsTextEncoders: Bool

  /// Shares that are dropped while training: of the rank's activations, of ranks, of modules.
  let dropout: Double
  let rankDropout: Double
  let moduleDropout: Double

  /// The keys of `--network-args`.
  static let keys = [
    "conv_dim", "conv_alpha", "rank_dropout", "module_dropout", "block_dims", "block_alphas",
    "conv_block_dims", "conv_block_alphas", "down_lr_weight", "mid_lr_weight", "up_lr_weight",
    "block_lr_zero_threshold", "loraplus_lr_ratio", "loraplus_unet_lr_ratio",
    "loraplus_text_encoder_lr_ratio",
  ]

  /// Whether resnets and samplers of the U-Net are adapted too: their 1 × 1 layers then as well.
  var adaptsResnets: Bool { convolution != nil || convolutionBlocks != nil }

  /// The extent of a module's adapter, or nil if it gets none.
  ///
  /// - Parameters:
  ///   - module: sd-scripts' name.
  ///   - isLargeConvolution: Whether its kernel is larger than 1 × 1.
  func extent(of module: String, isLargeConvolution: Bool) -> Extent? {
    let isUNet = module.hasPrefix("lora_unet_")
    guard isUNet ? trainsUNet : trainsTextEncoders else { return nil }
    let whole = isLargeConvolution ? convolution : linear
    var extent = whole
    if let blocks, let block = layout.block(of: module) {
      extent = isLargeConvolution ? convolutionBlocks?[block] : blocks[block]
    }
    return extent.flatMap { $0.rank > 0 ? $0 : nil }
  }
}

extension NetworkPlan {
  /// Reads the options; `arguments` are those of `--network-args`.
  init(
    _ options: NetworkOptions, rank: Int?, alpha: Double, _ arguments: KeyedArguments,
    _ layout: BlockLayout
  ) throws(OptionsError) {
    if options.networkTrainUnetOnly, options.networkTrainTextEncoderOnly {
      throw KeyedArguments.error(
        "--network-train-unet-only and --network-train-text-encoder-only leave nothing to train")
    }
    let rank = rank ?? 4
    guard rank > 0 else {
      throw KeyedArguments.error("--network-dim takes a number from 1, not \(rank)")
    }
    self.layout = layout
    linear = Extent(rank: rank, alpha: alpha == 0 ? Double(rank) : alpha)
    convolution = try Self.convolution(arguments)
    (blocks, convolutionBlocks) = try Self.blocks(arguments, layout, linear, convolution)
    trainsUNet = !options.networkTrainTextEncoderOnly
    trainsTextEncoders = !options.networkTrainUnetOnly
    dropout = try Self.share(options.networkDropout, "network_dropout")
    rankDropout = try Self.share(arguments.number("rank_dropout"), "rank_dropout")
    moduleDropout = try Self.share(arguments.number("module_dropout"), "module_dropout")
  }

  private static func share(_ value: Double?, _ key: String) throws(OptionsError) -> Double {
    let share = value ?? 0
    guard (0..<1).contains(share) else {
      throw KeyedArguments.error("\(key) takes a share from 0 to below 1, not \(share)")
    }
    return share
  }

  private static func convolution(_ arguments: KeyedArguments) throws(OptionsError) -> Extent? {
    guard let rank = try arguments.integer("conv_dim") else { return nil }
    guard rank > 0 else { throw arguments.wrong("conv_dim", "a number from 1") }
    let alpha = try arguments.number("conv_alpha") ?? 1
    return Extent(rank: rank, alpha: alpha == 0 ? Double(rank) : alpha)
  }

  /// Extents by block, where ranks or learning-rate weights are given by block.
  private static func blocks(
    _ arguments: KeyedArguments, _ layout: BlockLayout, _ linear: Extent, _ convolution: Extent?
  ) throws(OptionsError) -> ([Extent]?, [Extent]?) {
    let weights = try BlockWeights(arguments, layout)?.weights
    let isUsed = weights != nil || arguments["block_dims"] != nil
    for key in ["block_alphas", "conv_block_dims", "conv_block_alphas"]
    where arguments[key] != nil && !isUsed {
      throw KeyedArguments.error("network_args: \(key) needs block_dims")
    }
    guard isUsed else { return (nil, nil) }
    let plain = try list("block_dims", "block_alphas", arguments, layout, standard: linear)
    let hasConvolutions = convolution != nil || arguments["conv_block_dims"] != nil
    let large =
      hasConvolutions
      ? try list(
        "conv_block_dims", "conv_block_alphas", arguments, layout,
        standard: convolution ?? Extent(rank: 0, alpha: 1)) : nil
    return (rested(plain, weights), large.map { rested($0, weights) })
  }

  /// Blocks whose learning rate is 0 get no adapter.
  private static func rested(_ extents: [Extent], _ weights: [Double]?) -> [Extent] {
    guard let weights else { return extents }
    return zip(extents, weights).map { $1 == 0 ? Extent(rank: 0, alpha: $0.alpha) : $0 }
  }

  private static func list(
    _ rankKey: String, _ alphaKey: String, _ arguments: KeyedArguments, _ layout: BlockLayout,
    standard: Extent
  ) throws(OptionsError) -> [Extent] {
    let ranks = try numbers(rankKey, arguments, layout, standard: Double(standard.rank))
    let alphas = try numbers(alphaKey, arguments, layout, standard: standard.alpha)
    var extents: [Extent] = []
    for (rank, alpha) in zip(ranks, alphas) {
      guard let whole = Int(exactly: rank), whole >= 0 else {
        throw arguments.wrong(rankKey, "whole numbers from 0")
      }
      extents.append(Extent(rank: whole, alpha: alpha == 0 ? rank : alpha))
    }
    return extents
  }

  private static func numbers(
    _ key: String, _ arguments: KeyedArguments, _ layout: BlockLayout, standard: Double
  ) throws(OptionsError) -> [Double] {
    guard let numbers = try arguments.numbers(key) else {
      return [Double](repeating: standard, count: layout.blockCount)
    }
    guard numbers.count == layout.blockCount else {
      throw arguments.wrong(key, "\(layout.blockCount) numbers")
    }
    return numbers
  }
}
