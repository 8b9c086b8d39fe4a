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
  private let adapters: Diffusion.Adapters
  private let gradient: Tensor
  private let backend: any Backend

  /// What the rule keeps between steps, by name: saved with a state.
  let memory: [(name: String, tensor: Tensor)]

  init(
    _ plan: TrainingPlan, _ adapters: Diffusion.Adapters, gradient: Tensor,
    on backend: any Backend
  ) throws(OptionsError) {
    rule = plan.optimizer.rule
    schedule = plan.schedule
    groups = Self.groups(adapters.modules, plan.rates)
    self.adapters = adapters
    self.gradient = gradient
    self.backend = backend
    memory = Self.memory(rule, adapters, on: backend)
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

  /// Moves the weights along the gradient.
  ///
  /// - Parameter step: Counted from 1.
  func apply(step: Int) {
    switch rule {
    case .adamW(let betas, let epsilon, let decay):
      for group in groups { adamW(group, betas, epsilon, decay, step) }
    case .lion(let betas, let decay):
      for group in groups {
        backend.lion(
          adapters.parameters.slice(group.range), gradient: gradient.slice(group.range),
          momentum: memory[0].tensor.slice(group.range),
          rates: rates([rate(of: group, step: step), decay, betas.first, betas.second]))
      }
    case .nesterov(let momentum, let decay):
      for group in groups {
        backend.momentumSGD(
          adapters.parameters.slice(group.range), gradient: gradient.slice(group.range),
          momentum: memory[0].tensor.slice(group.range),
          rates: rates([rate(of: group, step: step), decay, momentum, 1]))
      }
    case .prodigy(let settings): prodigy(settings, step)
    case .adafactor(let settings):
      for group in groups { adafactor(group, settings, step) }
    }
  }

  private func rate(of group: Group, step: Int) -> Double {
    group.rate * schedule.factor(after: step - 1, rate: group.rate)
  }

  private func rates(_ values: [Double]) -> Tensor {
    Tensor(values.map { Float($0) }, shape: [values.count], on: backend)
  }

  private func adamW(
    _ group: Group, _ betas: OptimizerPlan.Betas, _ epsilon: Double, _ decay: Double, _ step: Int
  ) {
    let state = AdamState(
      parameters: adapters.parameters, gradient: gradient, first: memory[0].tensor,
      second: memory[1].tensor)
    let values = AdamRates(
      learningRate: Float(rate(of: group, step: step)), weightDecay: Float(decay),
      beta1: Float(betas.first), beta2: Float(betas.second), epsilon: Float(epsilon), step: step
    ).values
    backend.adamW(
      state.slice(group.range), rates: Tensor(values, shape: [values.count], on: backend))
  }

  private func prodigy(_ plan: OptimizerPlan.Prodigy, _ step: Int) {
    let state = ProdigyState(
      adam: AdamState(
        parameters: adapters.parameters, gradient: gradient, first: memory[0].tensor,
        second: memory[1].tensor), origin: memory[2].tensor, sums: memory[3].tensor,
      estimate: memory[4].tensor)
    let rate = groups.first.map { self.rate(of: $0, step: step) } ?? 0
    // prodigyopt looks at no group without a rate: not even moments change.
    if rate == 0 { return }
    var settings = ProdigySettings(rates: rates([rate]), active: groups.map(\.range))
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

  private func adafactor(_ group: Group, _ settings: OptimizerPlan.Adafactor, _ step: Int) {
    let all = adapters.modules.factoredTensors
    let state = AdafactorState(
      parameters: adapters.parameters, gradient: gradient, moments: memory[0].tensor,
      tensors: all.filter { group.range.contains($0.offset) },
      momentum: settings.beta1 == nil ? nil : memory[1].tensor)
    let rate =
      settings.isRelative ? relativeRate(settings, step: step) : rate(of: group, step: step)
    backend.adafactor(
      state,
      rates: rates([
        rate, 1 - pow(Double(step), settings.decayRate), settings.weightDecay,
        settings.clipThreshold, settings.scalesByParameter ? 1 : 0, settings.epsilonSquare,
        settings.epsilonScale, settings.beta1 ?? 0,
      ]))
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
    _ rule: OptimizerPlan.Rule, _ adapters: Diffusion.Adapters, on backend: any Backend
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

extension AdaptedModules {
  /// The matrices as Adafactor factors them: over the last two extents of their shape in a file.
  fileprivate var factoredTensors: [FactoredTensor] {
    var tensors: [FactoredTensor] = []
    var moments = 0
    for module in modules {
      for tensor in module.factored {
        let placed = FactoredTensor(
          offset: tensor.offset, outer: tensor.outer, rows: tensor.rows, columns: tensor.columns,
          inner: tensor.inner, moments: moments)
        tensors.append(placed)
        moments += placed.momentCount
      }
    }
    return tensors
  }

  fileprivate var factoredMomentCount: Int {
    factoredTensors.reduce(0) { $0 + $1.momentCount }
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
