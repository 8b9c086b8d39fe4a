import Compute
import Diffusion
import Tensors

/// The optimiser at work on the flat weights of the adapters.
///
/// Measures the gradient, shortens it, moves the weights and sets the gradient back to zero.
final class WeightUpdate {
  /// Neighbouring weights with one learning rate.
  struct Group: Hashable {
    let range: Range<Int>
    let rate: Double
  }

  private let rule: any Optimizer
  private let schedule: LearningRateSchedule
  private let groups: [Group]
  private let state: OptimizerState

  /// The longest gradient that is not shortened.
  private let gradientLimit: Float?

  /// The largest norm of a module's U·D, and those products.
  private let updateLimit: Float?
  private let products: [LowRankProduct]

  /// The length of the gradient before it is shortened, after `measure`.
  let norm: Tensor

  /// The numbers that the rule keeps between steps, by name: a state saves them.
  let memory: [(name: String, tensor: Tensor)]

  init(
    _ plan: TrainingPlan, _ adapters: DeviceAdapters, gradient: Tensor,
    on backend: any Backend
  ) throws(OptionsError) {
    let (rule, modules) = (plan.optimizer.rule, adapters.modules)
    groups = Self.groups(modules, plan.rates)
    try rule.check(rates: Set(groups.map(\.rate)))
    memory = rule.memory(of: modules).map { list in
      (list.name, Self.tensor(list, adapters.parameters, on: backend))
    }
    let numberCount = rule.numbers(rate: 0, step: 1).count
    state = OptimizerState(
      modules: modules, parameters: adapters.parameters, gradient: gradient,
      memory: memory.map(\.tensor),
      groups: groups.map { ($0.range, Tensor(zeros: [numberCount], on: backend)) })
    self.rule = rule
    schedule = plan.schedule
    gradientLimit = plan.gradientLimit.map { Float($0) }
    updateLimit = plan.updateLimit.map { Float($0) }
    products = modules.products
    norm = Tensor(zeros: [1], on: backend)
  }

  private static func tensor(
    _ list: OptimizerMemory, _ weights: Tensor, on backend: any Backend
  ) -> Tensor {
    switch list.start {
    case .zeros: Tensor(zeros: [list.count], on: backend)
    case .weights: Tensor(weights.values(), shape: [list.count], on: backend)
    case .numbers(let numbers): Tensor(numbers, shape: [list.count], on: backend)
    }
  }

  /// The learning rate that a log shows: the first group's.
  ///
  /// - Parameter step: Counted from 1.
  func shownRate(step: Int) -> Double { rule.shownRate(firstRate(step: step) ?? 0, step: step) }

  /// Whether a step changes anything.
  func isMoving(step: Int) -> Bool { firstRate(step: step).map(rule.isMoving) ?? true }

  private func firstRate(step: Int) -> Double? { groups.first.map { rate(of: $0, step: step) } }

  private func rate(of group: Group, step: Int) -> Double {
    group.rate * schedule.factor(after: step - 1, rate: group.rate)
  }

  /// Sends the numbers of a step to the device.
  func send(step: Int) {
    for (group, place) in zip(groups, state.groups) {
      place.numbers.write(rule.numbers(rate: rate(of: group, step: step), step: step))
    }
  }

  func measure() { state.backend.norm(of: state.gradient, into: norm) }

  /// Shortens the gradient that was measured and moves the weights by the numbers that were sent.
  func move() {
    let backend = state.backend
    if let gradientLimit { backend.clip(state.gradient, norm: norm, to: gradientLimit) }
    rule.update(state)
    if let updateLimit {
      backend.limitNorms(state.parameters, of: products, to: updateLimit)
    }
    forget()
  }

  /// Sets the gradient back to zero.
  func forget() { state.backend.fill(state.gradient, with: 0) }

  /// The groups of weights, in their order; those with rate 0 are left out.
  static func groups(_ modules: AdaptedModules, _ rates: LearningRates) -> [Group] {
    let parts = modules.modules.flatMap { module in
      [
        Group(
          range: module.down..<module.down + module.downCount,
          rate: rates.rate(of: module.name, .down)),
        Group(
          range: module.up..<module.up + module.upCount, rate: rates.rate(of: module.name, .up)),
      ]
    }.sorted { $0.range.lowerBound < $1.range.lowerBound }
    var groups: [Group] = []
    for part in parts where part.rate != 0 {
      if let last = groups.last, last.rate == part.rate,
        last.range.upperBound == part.range.lowerBound
      {
        groups[groups.count - 1] = Group(
          range: last.range.lowerBound..<part.range.upperBound, rate: part.rate)
      } else {
        groups.append(part)
      }
    }
    return groups
  }
}

extension AdaptedModules {
  /// The U·D whose norms `--scale-weight-norms` limits.
  fileprivate var products: [LowRankProduct] {
    modules.map { module in
      LowRankProduct(
        down: module.down, up: module.up, rank: module.rank, inputs: module.layer.downWidth,
        outputs: module.layer.outputs, scale: module.alpha / Float(module.rank))
    }
  }
}

/// The factor of the loss that keeps fp16's gradients from vanishing: as large as it can be without an
/// infinity.
///
/// Source: Micikevicius et al., "Mixed Precision Training" (2018); the numbers are PyTorch's.
struct LossScale {
  private(set) var value: Float = 65536

  /// 1 / value on the device, after `send`.
  let inverse: Tensor
  private var goodSteps = 0

  init(on backend: any Backend) {
    inverse = Tensor(zeros: [1], on: backend)
  }

  func send() { inverse.write([1 / value]) }

  /// Halves the scale after a step whose gradient was infinite, doubles it after 2000 good ones.
  mutating func update(isFinite: Bool) {
    goodSteps = isFinite ? goodSteps + 1 : 0
    if !isFinite { value = max(1, value / 2) }
    if goodSteps == 2000 {
      value *= 2
      goodSteps = 0
    }
  }
}
