import CommandSupport
import Compute
import Diffusion
import Glibc
import Tensors

/// Keeps the second moments of a matrix as the sums of its rows and columns.
///
/// Source: Shazeer and Stern, "Adafactor: Adaptive Learning Rates with Sublinear Memory Cost" (2018),
/// as transformers computes it.
struct Adafactor: Optimizer {
  static let names = ["AdaFactor"]
  static let keys = [
    "eps", "clip_threshold", "decay_rate", "beta1", "weight_decay", "scale_parameter",
    "relative_step", "warmup_init",
  ]
  static let className = "transformers.optimization.Adafactor"

  let epsilonSquare: Double
  let epsilonScale: Double
  let clipThreshold: Double
  let decayRate: Double
  let beta1: Double?
  let weightDecay: Double
  let scalesByParameter: Bool

  /// The step's number gives its size; learning rates and schedules do not count.
  let isRelative: Bool
  let warmsUp: Bool

  init(_ arguments: KeyedArguments) throws(OptionsError) {
    let epsilons = try arguments.values("eps", .epsilon, count: 2) ?? [1e-30, 1e-3]
    (epsilonSquare, epsilonScale) = (epsilons[0], epsilons[1])
    clipThreshold = try arguments.value("clip_threshold", .number(above: 0, upTo: 1e6)) ?? 1
    decayRate = try arguments.value("decay_rate", .number(-10...0)) ?? -0.8
    beta1 = try arguments.value("beta1", .decay)
    weightDecay = try arguments.value("weight_decay", .weightDecay) ?? 0
    scalesByParameter = try arguments.boolean("scale_parameter") ?? true
    isRelative = try arguments.boolean("relative_step") ?? true
    warmsUp = try arguments.boolean("warmup_init") ?? false
  }

  func memory(of modules: AdaptedModules) -> [OptimizerMemory] {
    let moments = modules.factoredTensors.reduce(0) { $0 + $1.momentCount }
    let momentum = OptimizerMemory(name: "momentum", count: modules.parameterCount)
    return [OptimizerMemory(name: "moments", count: moments)] + (beta1 == nil ? [] : [momentum])
  }

  func numbers(rate: Double, step: Int) -> [Float] {
    let numbers = [
      shownRate(rate, step: step), 1 - pow(Double(step), decayRate), weightDecay, clipThreshold,
      scalesByParameter ? 1 : 0, epsilonSquare, epsilonScale, beta1 ?? 0,
    ]
    return numbers.map { Float($0) }
  }

  /// A relative step is at most 1e-2 or, while it warms up, 1e-6 times the step's number; later it
  /// falls with that number's root.
  func shownRate(_ rate: Double, step: Int) -> Double {
    guard isRelative else { return rate }
    return min(warmsUp ? 1e-6 * Double(step) : 1e-2, 1 / Double(step).squareRoot())
  }

  func check(_ schedule: LearningRateSchedule, _ origins: SettingOrigins) throws(OptionsError) {
    guard isRelative, schedule.warmup != 0 else { return }
    throw origins.error(
      ["lr_warmup_steps", "optimizer_type"],
      "AdaFactor finds its own step sizes; drop --lr-warmup-steps, or add relative_step=False")
  }

  func update(_ state: OptimizerState) {
    let tensors = state.modules.factoredTensors
    for (range, numbers) in state.groups {
      let group = AdafactorState(
        parameters: state.parameters, gradient: state.gradient, moments: state.memory[0],
        tensors: tensors.filter { range.contains($0.offset) },
        momentum: beta1 == nil ? nil : state.memory[1])
      state.backend.adafactor(group, rates: numbers)
    }
  }
}

extension AdaptedModules {
  /// The matrices as they are factored: over the last two extents of their shape in a file.
  fileprivate var factoredTensors: [FactoredTensor] {
    var tensors: [FactoredTensor] = []
    var moments = 0
    for tensor in modules.flatMap(\.factored) {
      let placed = FactoredTensor(
        offset: tensor.offset, outer: tensor.outer, rows: tensor.rows, columns: tensor.columns,
        inner: tensor.inner, moments: moments)
      tensors.append(placed)
      moments += placed.momentCount
    }
    return tensors
  }
}

extension AdaptedModules.Module {
  fileprivate var factored: [FactoredTensor] {
    switch layer.kind {
    case .linear:
      [
        FactoredTensor(offset: down, rows: rank, columns: layer.inputs, moments: 0),
        FactoredTensor(offset: up, rows: layer.outputs, columns: rank, moments: 0),
      ]
    case .pointwise:
      [
        FactoredTensor(offset: down, outer: downCount, rows: 1, columns: 1, moments: 0),
        FactoredTensor(offset: up, outer: upCount, rows: 1, columns: 1, moments: 0),
      ]
    case .convolution:
      [
        FactoredTensor(
          offset: down, outer: rank, rows: 3, columns: 3, inner: layer.inputs, moments: 0),
        FactoredTensor(offset: up, outer: upCount, rows: 1, columns: 1, moments: 0),
      ]
    }
  }
}
