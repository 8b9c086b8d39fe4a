import CommandSupport

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
  ///
  /// - Parameter module: sd-scripts' name.
  func rate(of module: String, _ matrix: Matrix) -> Double {
    let isUNet = module.hasPrefix("lora_unet_")
    var rate = isUNet ? unet : textEncoders
    if let blockWeights, let block = layout.block(of: module) { rate *= blockWeights[block] }
    if matrix == .up { rate *= isUNet ? unetRatio : textEncoderRatio }
    return rate
  }
}
