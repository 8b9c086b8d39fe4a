import CommandSupport

/// Which rule updates the weights, with every constant of it.
struct OptimizerPlan: Hashable {
  enum Rule: Hashable {
    case adamW(betas: Betas, epsilon: Double, weightDecay: Double)
    case lion(betas: Betas, weightDecay: Double)
    case prodigy(Prodigy)
    case adafactor(Adafactor)

    /// With a momentum of 0, plain gradient descent.
    case nesterov(momentum: Double, weightDecay: Double)
  }

  struct Betas: Hashable {
    let first: Double
    let second: Double
  }

  struct Prodigy: Hashable {
    let betas: Betas
    let beta3: Double
    let epsilon: Double
    let weightDecay: Double
    let usesBiasCorrection: Bool
    let safeguardsWarmup: Bool
    let firstDistance: Double
    let distanceFactor: Double
    let growthRate: Double
  }

  struct Adafactor: Hashable {
    let epsilonSquare: Double
    let epsilonScale: Double
    let clipThreshold: Double
    let decayRate: Double
    let beta1: Double?
    let weightDecay: Double
    let scalesByParameter: Bool

    /// The step size follows from the step's number; learning rates and schedules do not count.
    let isRelative: Bool
    let warmsUp: Bool
  }

  let rule: Rule

  /// `optimizer_args` as given, for the metadata.
  let arguments: KeyedArguments

  /// - Parameter place: Where the arguments stand in a configuration file.
  init(_ type: OptimizerType, _ texts: [String], at place: String? = nil) throws(OptionsError) {
    arguments = try KeyedArguments(
      texts, option: "optimizer-args", known: Self.keys(type), at: place)
    rule = try Self.rule(type, arguments)
  }

  /// What sd-scripts would have to be given to do the same: AdamW8bit runs as AdamW here.
  var className: String {
    switch rule {
    case .adamW: "torch.optim.adamw.AdamW"
    case .lion: "lion_pytorch.lion_pytorch.Lion"
    case .prodigy: "prodigyopt.prodigy.Prodigy"
    case .adafactor: "transformers.optimization.Adafactor"
    case .nesterov: "torch.optim.sgd.SGD"
    }
  }

  static func keys(_ type: OptimizerType) -> [String] {
    switch type {
    case .adamW, .adamW8bit: ["betas", "eps", "weight_decay"]
    case .lion: ["betas", "weight_decay"]
    case .prodigy:
      [
        "betas", "beta3", "eps", "weight_decay", "decouple", "use_bias_correction",
        "safeguard_warmup", "d0", "d_coef", "growth_rate",
      ]
    case .adafactor:
      [
        "eps", "clip_threshold", "decay_rate", "beta1", "weight_decay", "scale_parameter",
        "relative_step", "warmup_init",
      ]
    case .sgdNesterov: ["momentum", "weight_decay"]
    }
  }

  private static func rule(
    _ type: OptimizerType, _ arguments: KeyedArguments
  ) throws(OptionsError) -> Rule {
    switch type {
    case .adamW, .adamW8bit:
      return .adamW(
        betas: try betas(arguments, 0.9, 0.999),
        epsilon: try arguments.value("eps", .epsilon) ?? 1e-8,
        weightDecay: try arguments.value("weight_decay", .weightDecay) ?? 0.01)
    case .lion:
      return .lion(
        betas: try betas(arguments, 0.9, 0.99),
        weightDecay: try arguments.value("weight_decay", .weightDecay) ?? 0)
    case .prodigy: return .prodigy(try prodigy(arguments))
    case .adafactor: return .adafactor(try adafactor(arguments))
    case .sgdNesterov:
      return .nesterov(
        momentum: try arguments.value("momentum", .decay) ?? 0.9,
        weightDecay: try arguments.value("weight_decay", .weightDecay) ?? 0)
    }
  }

  private static func betas(
    _ arguments: KeyedArguments, _ first: Double, _ second: Double
  ) throws(OptionsError) -> Betas {
    let numbers = try arguments.values("betas", .decay, count: 2) ?? [first, second]
    return Betas(first: numbers[0], second: numbers[1])
  }

  private static func prodigy(_ arguments: KeyedArguments) throws(OptionsError) -> Prodigy {
    guard try arguments.boolean("decouple") ?? true else {
      throw arguments.wrong("decouple", "True: weight decay is always decoupled here")
    }
    let betas = try betas(arguments, 0.9, 0.999)
    return Prodigy(
      betas: betas, beta3: try arguments.value("beta3", .decay) ?? betas.second.squareRoot(),
      epsilon: try arguments.value("eps", .epsilon) ?? 1e-8,
      weightDecay: try arguments.value("weight_decay", .weightDecay) ?? 0,
      usesBiasCorrection: try arguments.boolean("use_bias_correction") ?? false,
      safeguardsWarmup: try arguments.boolean("safeguard_warmup") ?? false,
      firstDistance: try arguments.value("d0", .number(above: 0, upTo: 1)) ?? 1e-6,
      distanceFactor: try arguments.value("d_coef", .number(above: 0, upTo: 1e6)) ?? 1,
      growthRate: try arguments.value("growth_rate", .growthRate) ?? .infinity)
  }

  private static func adafactor(_ arguments: KeyedArguments) throws(OptionsError) -> Adafactor {
    let epsilons = try arguments.values("eps", .epsilon, count: 2) ?? [1e-30, 1e-3]
    return Adafactor(
      epsilonSquare: epsilons[0], epsilonScale: epsilons[1],
      clipThreshold: try arguments.value("clip_threshold", .number(above: 0, upTo: 1e6)) ?? 1,
      decayRate: try arguments.value("decay_rate", .number(-10...0)) ?? -0.8,
      beta1: try arguments.value("beta1", .decay),
      weightDecay: try arguments.value("weight_decay", .weightDecay) ?? 0,
      scalesByParameter: try arguments.boolean("scale_parameter") ?? true,
      isRelative: try arguments.boolean("relative_step") ?? true,
      warmsUp: try arguments.boolean("warmup_init") ?? false)
  }
}

extension Domain where Value == Double {
  /// What is kept of a running mean at a step.
  fileprivate static var decay: Domain { .number(0..<1) }
  fileprivate static var epsilon: Domain { .number(0...1) }
  fileprivate static var weightDecay: Domain { .number(0...1000) }

  /// Infinite is Prodigy's own default.
  fileprivate static var growthRate: Domain {
    Domain("a number from 1 to 1000000, or inf") { text in
      let number = text == "float('inf')" ? .infinity : Double(text)
      return number.flatMap { (1...1e6).contains($0) || $0 == .infinity ? $0 : nil }
    }
  }
}
