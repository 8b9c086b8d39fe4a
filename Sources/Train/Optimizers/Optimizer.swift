import CommandSupport
import Compute
import Diffusion
import Tensors

/// A rule that moves weights along their gradient: its constants, what it keeps between steps, and
/// its update.
protocol Optimizer: Hashable, Sendable {
  /// The names that `--optimizer-type` takes; the first is its own.
  static var names: [String] { get }

  /// The keys of `--optimizer-args` that set its constants.
  static var keys: [String] { get }

  /// The class that does the same in sd-scripts, for the metadata.
  static var className: String { get }

  /// The learning rate at which one picture is learned by heart; nil where the rule finds the size of
  /// its steps itself.
  static var copyingRate: Double? { get }

  init(_ arguments: KeyedArguments) throws(OptionsError)

  /// The numbers kept between steps, in the order in which `update` gets them.
  func memory(of modules: AdaptedModules) -> [OptimizerMemory]

  /// The numbers that the device reads for a group of weights.
  ///
  /// - Parameters:
  ///   - rate: The group's learning rate at this step.
  ///   - step: Counted from 1.
  func numbers(rate: Double, step: Int) -> [Float]

  /// The learning rate that a log shows.
  func shownRate(_ rate: Double, step: Int) -> Double

  /// Whether a step changes anything, what is kept included.
  func isMoving(rate: Double) -> Bool

  /// Throws where the rule decides itself what the schedule decides.
  func check(_ schedule: LearningRateSchedule, _ origins: SettingOrigins) throws(OptionsError)

  /// Throws where the rule cannot have these learning rates beside each other.
  func check(rates: Set<Double>) throws(OptionsError)

  /// Moves the weights along the gradient.
  func update(_ state: OptimizerState)
}

/// All rules, in the order of the help.
let optimizers: [any Optimizer.Type] = [
  AdamW.self, Lion.self, Prodigy.self, Adafactor.self, Nesterov.self,
]

extension Optimizer {
  static var copyingRate: Double? { nil }
  func shownRate(_ rate: Double, step: Int) -> Double { rate }
  func isMoving(rate: Double) -> Bool { true }
  func check(_ schedule: LearningRateSchedule, _ origins: SettingOrigins) throws(OptionsError) {}
  func check(rates: Set<Double>) throws(OptionsError) {}
}

/// A list of numbers that a rule keeps between steps.
struct OptimizerMemory {
  enum Start {
    case zeros
    case weights
    case numbers([Float])
  }

  /// In the file of a state.
  let name: String
  let count: Int
  var start = Start.zeros
}

/// The tensors that an update reads and writes.
struct OptimizerState {
  let modules: AdaptedModules
  let parameters: Tensor
  let gradient: Tensor
  let memory: [Tensor]

  /// Stretches of the weights, each with its numbers.
  let groups: [(range: Range<Int>, numbers: Tensor)]

  var backend: any Backend { parameters.backend }
}

/// The two decays of a rule that keeps two running means.
struct Betas: Hashable {
  let first: Double
  let second: Double

  init(_ arguments: KeyedArguments, _ first: Double, _ second: Double) throws(OptionsError) {
    let numbers = try arguments.values("betas", .decay, count: 2) ?? [first, second]
    (self.first, self.second) = (numbers[0], numbers[1])
  }
}

extension Domain where Value == Double {
  /// The share of a running mean that a step keeps.
  static var decay: Domain { .number(0..<1) }
  static var epsilon: Domain { .number(0...1) }
  static var weightDecay: Domain { .number(0...1000) }
}
