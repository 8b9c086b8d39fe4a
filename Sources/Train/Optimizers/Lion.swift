import Compute
import Diffusion
import Tensors

/// Source: Chen et al., "Symbolic Discovery of Optimization Algorithms" (2023).
struct Lion: Optimizer {
  static let names = ["Lion"]
  static let keys = ["betas", "weight_decay"]
  static let className = "lion_pytorch.lion_pytorch.Lion"

  /// A tenth of AdamW's: each weight moves by the whole rate, whatever its gradient.
  static let copyingRate: Double? = 0.0001

  let betas: Betas
  let weightDecay: Double

  init(_ arguments: KeyedArguments) throws(OptionsError) {
    betas = try Betas(arguments, 0.9, 0.99)
    weightDecay = try arguments.value("weight_decay", .weightDecay) ?? 0
  }

  func memory(of modules: AdaptedModules) -> [OptimizerMemory] {
    [OptimizerMemory(name: "momentum", count: modules.parameterCount)]
  }

  func numbers(rate: Double, step: Int) -> [Float] {
    [rate, weightDecay, betas.first, betas.second].map { Float($0) }
  }

  func update(_ state: OptimizerState) {
    for (range, numbers) in state.groups {
      state.backend.lion(
        state.parameters.slice(range), gradient: state.gradient.slice(range),
        momentum: state.memory[0].slice(range), rates: numbers)
    }
  }
}
