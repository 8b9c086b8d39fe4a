import CommandSupport
import Diffusion

/// The modules that get an adapter, with their ranks and alphas.
struct NetworkPlan: Hashable {
  /// The rank and alpha of one module's adapter.
  struct Extent: Hashable {
    let rank: Int
    let alpha: Double
  }

  let layout: BlockLayout

  /// The extent of linear layers and 1 × 1 convolutions.
  let linear: Extent

  /// The extent of larger convolutions; nil leaves them alone.
  let convolution: Extent?

  /// One extent per block, in place of the two above; rank 0 leaves the block alone.
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
    let rank = rank ?? 4
    self.layout = layout
    linear = Extent(rank: rank, alpha: alpha == 0 ? Double(rank) : alpha)
    convolution = try Self.convolution(arguments)
    (blocks, convolutionBlocks) = try Self.blocks(arguments, layout, linear, convolution)
    trainsUNet = !options.networkTrainTextEncoderOnly
    trainsTextEncoders = !options.networkTrainUnetOnly
    dropout = options.networkDropout ?? 0
    rankDropout = try arguments.value("rank_dropout", .dropout) ?? 0
    moduleDropout = try arguments.value("module_dropout", .dropout) ?? 0
  }

  private static func convolution(_ arguments: KeyedArguments) throws(OptionsError) -> Extent? {
    let alpha = try arguments.value("conv_alpha", .alpha) ?? 1
    guard let rank = try arguments.value("conv_dim", .rank) else { return nil }
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
      throw arguments.error("--network-args \(key) needs block_dims")
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
    let count = layout.blockCount
    // Rank 0 leaves the block alone.
    let ranks =
      try arguments.values(rankKey, .whole(0...1_000_000), count: count)
      ?? Array(repeating: standard.rank, count: count)
    let alphas =
      try arguments.values(alphaKey, .alpha, count: count)
      ?? Array(repeating: standard.alpha, count: count)
    return zip(ranks, alphas).map { rank, alpha in
      Extent(rank: rank, alpha: alpha == 0 ? Double(rank) : alpha)
    }
  }

  /// Refuses a rank that is more than any layer it is for can hold.
  ///
  /// Some layers may hold less than the rank of all, as they do in every trainer.
  func checkRanks(
    of modules: AdaptedModules, _ options: TrainingOptions
  ) throws(OptionsError) {
    for isLarge in [false, true] {
      let own = modules.modules.filter { ($0.layer.kind == .convolution) == isLarge }
      let most = own.map { min($0.layer.outputs, $0.layer.downWidth) }.max() ?? 0
      guard let rank = own.map(\.rank).max(), rank > most else { continue }
      let isByBlock = (isLarge ? convolutionBlocks : blocks) != nil
      let name =
        isLarge || isByBlock
        ? "--network-args \(isLarge ? "conv_" : "")\(isByBlock ? "block_dims" : "dim")"
        : "--network-dim"
      throw options.origins.error(
        [isLarge || isByBlock ? "network_args" : "network_dim"],
        "\(name) takes a rank up to \(most) here, not \(rank): no layer of the model can hold more")
    }
  }
}

/// The learning rate of each matrix of the adapter, before the schedule.
struct LearningRates: Hashable {
  /// One of a module's two matrices.
  enum Matrix: Hashable {
    case down
    case up
  }

  private let layout: BlockLayout
  private let unet: Double
  private let textEncoders: Double
  private let blockWeights: [Double]?

  /// LoRA+: the rate of up matrices over that of down matrices.
  private let unetRatio: Double
  private let textEncoderRatio: Double

  init(
    _ options: OptimizerOptions, learningRate: Double, _ arguments: KeyedArguments,
    _ layout: BlockLayout
  ) throws(OptionsError) {
    self.layout = layout
    unet = options.unetLr ?? learningRate
    textEncoders = options.textEncoderLr.first ?? learningRate
    blockWeights = try BlockWeights(arguments, layout)?.weights
    let ratio = try arguments.value("loraplus_lr_ratio", .rateFactor) ?? 1
    unetRatio = try arguments.value("loraplus_unet_lr_ratio", .rateFactor) ?? ratio
    textEncoderRatio =
      try arguments.value("loraplus_text_encoder_lr_ratio", .rateFactor) ?? ratio
  }

  /// The rate of one matrix; 0 leaves it as it is.
  func rate(of module: String, _ matrix: Matrix) -> Double {
    let isUNet = module.hasPrefix("lora_unet_")
    var rate = isUNet ? unet : textEncoders
    if let blockWeights, let block = layout.block(of: module) { rate *= blockWeights[block] }
    if matrix == .up { rate *= isUNet ? unetRatio : textEncoderRatio }
    return rate
  }
}
