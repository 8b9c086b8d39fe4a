import Compute
import Diffusion
import Glibc
import Tensors

/// The optimiser at work on the flat weights of the adapters.
final class WeightUpdate {
  /// Neighbouring weights with one learning rate.
  struct Group: Hashable {
    let range: Range<Int>
    let rate: Double
  }

  private let rule: OptimizerPlan.Rule
  private let schedule: LearningRateSchedule
  private let groups: [Group]
  private let adapters: DeviceAdapters
  private let gradient: Tensor
  private let backend: any Backend

  /// What the rule keeps between steps, by name: saved with a state.
  let memory: [(name: String, tensor: Tensor)]

  /// What changes from step to step, one tensor a group, in the order that the device reads.
  private let rates: [Tensor]

  init(
    _ plan: TrainingPlan, _ adapters: DeviceAdapters, gradient: Tensor,
    on backend: any Backend
  ) throws(OptionsError) {
    rule = plan.optimizer.rule
    schedule = plan.schedule
    groups = Self.groups(adapters.modules, plan.rates)
    self.adapters = adapters
    self.gradient = gradient
    self.backend = backend
    memory = Self.memory(rule, adapters, on: backend)
    let rateCount = rule.rateCount
    rates = groups.map { _ in Tensor(zeros: [rateCount], on: backend) }
    if case .prodigy = rule, Set(groups.map(\.rate)).count > 1 {
      throw KeyedArguments.error(
        "Prodigy finds one rate for all weights; drop --unet-lr, --text-encoder-lr, LoRA+ and "
          + "weights of blocks")
    }
  }

  /// The rate that a log shows: the first group's.
  func shownRate(step: Int) -> Double {
    if case .adafactor(let settings) = rule, settings.isRelative {
      return relativeRate(settings, step: step)
    }
    return groups.first.map { rate(of: $0, step: step) } ?? 0
  }

  /// Sends the numbers of a step to the device.
  ///
  /// - Parameter step: Counted from 1.
  /// - Returns: Whether the rule has anything to do: prodigyopt looks at no group without a rate,
  ///   so that not even its moments change.
  func prepare(step: Int) -> Bool {
    for (tensor, group) in zip(rates, groups) { tensor.write(numbers(of: group, step: step)) }
    guard case .prodigy = rule, let first = groups.first else { return true }
    return rate(of: first, step: step) != 0
  }

  /// Moves the weights along the gradient, by the rates of the step that was prepared.
  func apply() {
    switch rule {
    case .adamW:
      for (group, rates) in zip(groups, rates) {
        let state = AdamState(
          parameters: adapters.parameters, gradient: gradient, first: memory[0].tensor,
          second: memory[1].tensor)
        backend.adamW(state.slice(group.range), rates: rates)
      }
    case .lion:
      for (group, rates) in zip(groups, rates) {
        backend.lion(
          adapters.parameters.slice(group.range), gradient: gradient.slice(group.range),
          momentum: memory[0].tensor.slice(group.range), rates: rates)
      }
    case .nesterov:
      for (group, rates) in zip(groups, rates) {
        backend.momentumSGD(
          adapters.parameters.slice(group.range), gradient: gradient.slice(group.range),
          momentum: memory[0].tensor.slice(group.range), rates: rates)
      }
    case .prodigy(let settings): prodigy(settings)
    case .adafactor(let settings):
      for (group, rates) in zip(groups, rates) { adafactor(group, settings, rates) }
    }
  }

  private func rate(of group: Group, step: Int) -> Double {
    group.rate * schedule.factor(after: step - 1, rate: group.rate)
  }

  private func numbers(of group: Group, step: Int) -> [Float] {
    let rate = rate(of: group, step: step)
    let numbers: [Double]
    switch rule {
    case .adamW(let betas, let epsilon, let decay):
      return AdamRates(
        learningRate: Float(rate), weightDecay: Float(decay), beta1: Float(betas.first),
        beta2: Float(betas.second), epsilon: Float(epsilon), step: step
      ).values
    case .lion(let betas, let decay): numbers = [rate, decay, betas.first, betas.second]
    case .nesterov(let momentum, let decay): numbers = [rate, decay, momentum, 1]
    case .prodigy: numbers = [rate]
    case .adafactor(let settings):
      numbers = [
        settings.isRelative ? relativeRate(settings, step: step) : rate,
        1 - pow(Double(step), settings.decayRate), settings.weightDecay, settings.clipThreshold,
        settings.scalesByParameter ? 1 : 0, settings.epsilonSquare, settings.epsilonScale,
        settings.beta1 ?? 0,
      ]
    }
    return numbers.map { Float($0) }
  }

  private func prodigy(_ plan: OptimizerPlan.Prodigy) {
    // One rate moves all groups.
    guard let rates = rates.first else { return }
    let state = ProdigyState(
      adam: AdamState(
        parameters: adapters.parameters, gradient: gradient, first: memory[0].tensor,
        second: memory[1].tensor), origin: memory[2].tensor, sums: memory[3].tensor,
      estimate: memory[4].tensor)
    var settings = ProdigySettings(rates: rates, active: groups.map(\.range))
    settings.betas = (Float(plan.betas.first), Float(plan.betas.second))
    settings.beta3 = Float(plan.beta3)
    settings.epsilon = Float(plan.epsilon)
    settings.weightDecay = Float(plan.weightDecay)
    settings.initialEstimate = Float(plan.firstDistance)
    settings.coefficient = Float(plan.distanceFactor)
    settings.growthRate = Float(plan.growthRate)
    settings.correctsBias = plan.usesBiasCorrection
    settings.safeguardsWarmup = plan.safeguardsWarmup
    backend.prodigy(state, settings: settings)
  }

  /// ρ: at most 1e-2 or, warming up, 1e-6·t; falling with the root of the step.
  private func relativeRate(_ settings: OptimizerPlan.Adafactor, step: Int) -> Double {
    min(settings.warmsUp ? 1e-6 * Double(step) : 1e-2, 1 / Double(step).squareRoot())
  }

  private func adafactor(_ group: Group, _ settings: OptimizerPlan.Adafactor, _ rates: Tensor) {
    let all = adapters.modules.factoredTensors
    let state = AdafactorState(
      parameters: adapters.parameters, gradient: gradient, moments: memory[0].tensor,
      tensors: all.filter { group.range.contains($0.offset) },
      momentum: settings.beta1 == nil ? nil : memory[1].tensor)
    backend.adafactor(state, rates: rates)
  }
}

extension OptimizerPlan.Rule {
  /// How many numbers are kept from step to step.
  func numbersKept(of modules: AdaptedModules) -> Int {
    let count = modules.parameterCount
    switch self {
    case .adamW: return 2 * count
    case .lion, .nesterov: return count
    case .prodigy: return 4 * count + 4
    case .adafactor(let settings):
      return modules.factoredMomentCount + (settings.beta1 == nil ? 0 : count)
    }
  }

  /// How many numbers the device reads of a group's rates.
  fileprivate var rateCount: Int {
    switch self {
    case .adamW: AdamRates.count
    case .lion, .nesterov: 4
    case .prodigy: 1
    case .adafactor: 8
    }
  }
}

extension WeightUpdate {
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

  private static func memory(
    _ rule: OptimizerPlan.Rule, _ adapters: DeviceAdapters, on backend: any Backend
  ) -> [(name: String, tensor: Tensor)] {
    let count = adapters.modules.parameterCount
    func zeros(_ name: String, _ count: Int) -> (name: String, tensor: Tensor) {
      (name, Tensor(zeros: [count], on: backend))
    }
    switch rule {
    case .adamW: return [zeros("first", count), zeros("second", count)]
    case .lion, .nesterov: return [zeros("momentum", count)]
    case .prodigy(let settings):
      let distance = Float(settings.firstDistance)
      return [
        zeros("first", count), zeros("second", count),
        ("origin", Tensor(adapters.parameters.values(), shape: [count], on: backend)),
        zeros("sums", count),
        ("estimate", Tensor([distance, distance, 0, 0], shape: [4], on: backend)),
      ]
    case .adafactor(let settings):
      let moments = zeros("moments", adapters.modules.factoredMomentCount)
      return settings.beta1 == nil ? [moments] : [moments, zeros("momentum", count)]
    }
  }
}
