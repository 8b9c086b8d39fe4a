import Compute
import Diffusion
import Tensors

/// Source: Loshchilov and Hutter, "Decoupled Weight Decay Regularization" (2019).
struct AdamW: Optimizer {
  /// Runs as AdamW.
  static let eightBit = "AdamW8bit"

  static let names = ["AdamW", eightBit]
  static let keys = ["betas", "eps", "weight_decay"]
  static let className = "torch.optim.adamw.AdamW"
  static let copyingRate: Double? = 0.001

  let betas: Betas
  let epsilon: Double
  let weightDecay: Double

  init(_ arguments: KeyedArguments) throws(OptionsError) {
    betas = try Betas(arguments, 0.9, 0.999)
    epsilon = try arguments.value("eps", .epsilon) ?? 1e-8
    weightDecay = try arguments.value("weight_decay", .weightDecay) ?? 0.01
  }

  func memory(of modules: AdaptedModules) -> [OptimizerMemory] {
    ["first", "second"].map { OptimizerMemory(name: $0, count: modules.parameterCount) }
  }

  func numbers(rate: Double, step: Int) -> [Float] {
    AdamRates(
      learningRate: Float(rate), weightDecay: Float(weightDecay), beta1: Float(betas.first),
      beta2: Float(betas.second), epsilon: Float(epsilon), step: step
    ).values
  }

  func update(_ state: OptimizerState) {
    let whole = AdamState(
      parameters: state.parameters, gradient: state.gradient, first: state.memory[0],
      second: state.memory[1])
    for (range, numbers) in state.groups {
      state.backend.adamW(whole.slice(range), rates: numbers)
    }
  }
}
