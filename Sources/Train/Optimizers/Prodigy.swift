import CommandSupport
import Compute
import Diffusion
import Tensors

/// AdamW that finds its learning rate from how far the weights have moved from their start.
///
/// Source: Mishchenko and Defazio, "Prodigy: An Expeditiously Adaptive Parameter-Free Learner" (2023),
/// as prodigyopt computes it.
struct Prodigy: Optimizer {
  static let names = ["Prodigy"]
  static let keys = [
    "betas", "beta3", "eps", "weight_decay", "decouple", "use_bias_correction",
    "safeguard_warmup", "d0", "d_coef", "growth_rate",
  ]
  static let className = "prodigyopt.prodigy.Prodigy"

  let betas: Betas
  let beta3: Double
  let epsilon: Double
  let weightDecay: Double
  let usesBiasCorrection: Bool
  let safeguardsWarmup: Bool
  let firstDistance: Double
  let distanceFactor: Double
  let growthRate: Double

  init(_ arguments: KeyedArguments) throws(OptionsError) {
    guard try arguments.boolean("decouple") ?? true else {
      throw arguments.wrong("decouple", "True: weight decay is always decoupled here")
    }
    betas = try Betas(arguments, 0.9, 0.999)
    beta3 = try arguments.value("beta3", .decay) ?? betas.second.squareRoot()
    epsilon = try arguments.value("eps", .epsilon) ?? 1e-8
    weightDecay = try arguments.value("weight_decay", .weightDecay) ?? 0
    usesBiasCorrection = try arguments.boolean("use_bias_correction") ?? false
    safeguardsWarmup = try arguments.boolean("safeguard_warmup") ?? false
    firstDistance = try arguments.value("d0", .number(above: 0, upTo: 1)) ?? 1e-6
    distanceFactor = try arguments.value("d_coef", .number(above: 0, upTo: 1e6)) ?? 1
    growthRate = try arguments.value("growth_rate", .growthRate) ?? .infinity
  }

  func memory(of modules: AdaptedModules) -> [OptimizerMemory] {
    let count = modules.parameterCount
    let distance = Float(firstDistance)
    return [
      OptimizerMemory(name: "first", count: count), OptimizerMemory(name: "second", count: count),
      OptimizerMemory(name: "origin", count: count, start: .weights),
      OptimizerMemory(name: "sums", count: count),
      OptimizerMemory(name: "estimate", count: 4, start: .numbers([distance, distance, 0, 0])),
    ]
  }

  func numbers(rate: Double, step: Int) -> [Float] { [Float(rate)] }

  /// prodigyopt skips a group whose rate is 0: not even its moments change.
  func isMoving(rate: Double) -> Bool { rate != 0 }

  func check(rates: Set<Double>) throws(OptionsError) {
    guard rates.count > 1 else { return }
    throw KeyedArguments.error(
      "Prodigy finds one rate for all weights; drop --unet-lr, --text-encoder-lr, LoRA+ and "
        + "weights of blocks")
  }

  func update(_ state: OptimizerState) {
    // All groups have the same rate.
    guard let rates = state.groups.first?.numbers else { return }
    let whole = ProdigyState(
      adam: AdamState(
        parameters: state.parameters, gradient: state.gradient, first: state.memory[0],
        second: state.memory[1]), origin: state.memory[2], sums: state.memory[3],
      estimate: state.memory[4])
    var settings = ProdigySettings(rates: rates, active: state.groups.map(\.range))
    settings.betas = (Float(betas.first), Float(betas.second))
    settings.beta3 = Float(beta3)
    settings.epsilon = Float(epsilon)
    settings.weightDecay = Float(weightDecay)
    settings.initialEstimate = Float(firstDistance)
    settings.coefficient = Float(distanceFactor)
    settings.growthRate = Float(growthRate)
    settings.correctsBias = usesBiasCorrection
    settings.safeguardsWarmup = safeguardsWarmup
    state.backend.prodigy(whole, settings: settings)
  }
}

extension Domain where Value == Double {
  /// Prodigy's own default is infinite.
  fileprivate static var growthRate: Domain {
    Domain("a number from 1 to 1000000, or inf") { text in
      let number = text == "float('inf')" ? .infinity : Double(text)
      return number.flatMap { (1...1e6).contains($0) || $0 == .infinity ? $0 : nil }
    }
  }
}
