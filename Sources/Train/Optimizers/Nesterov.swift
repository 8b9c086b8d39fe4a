import Compute
import Diffusion
import Tensors

/// Gradient descent with Nesterov's momentum, as PyTorch's SGD; with a momentum of 0, plain descent.
struct Nesterov: Optimizer {
  static let names = ["SGDNesterov"]
  static let keys = ["momentum", "weight_decay"]
  static let className = "torch.optim.sgd.SGD"

  let momentum: Double
  let weightDecay: Double

  init(_ arguments: KeyedArguments) throws(OptionsError) {
    momentum = try arguments.value("momentum", .decay) ?? 0.9
    weightDecay = try arguments.value("weight_decay", .weightDecay) ?? 0
  }

  func memory(of modules: AdaptedModules) -> [OptimizerMemory] {
    [OptimizerMemory(name: "momentum", count: modules.parameterCount)]
  }

  func numbers(rate: Double, step: Int) -> [Float] {
    [rate, weightDecay, momentum, 1].map { Float($0) }
  }

  func update(_ state: OptimizerState) {
    for (range, numbers) in state.groups {
      state.backend.momentumSGD(
        state.parameters.slice(range), gradient: state.gradient.slice(range),
        momentum: state.memory[0].slice(range), rates: numbers)
    }
  }
}
