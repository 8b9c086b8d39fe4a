import Diffusion
import Tensors

/// The saves of a run, and the older ones that each replaces.
struct SavePlan: Hashable {
  /// One save: files and folders are names inside the folder of the results.
  struct Save: Hashable {
    enum Occasion: Hashable {
      /// After this many steps.
      case step(Int)

      /// At the end of this epoch, counted from 1.
      case epoch(Int)
      case final
    }

    let occasion: Occasion
    let file: String

    /// The folder to resume from, if one is written.
    let state: String?

    /// The older save that this one replaces, and its state.
    let removedFile: String?
    let removedState: String?
  }

  let output: OutputName

  /// The type of the result's numbers.
  let type: ElementType
  let totalSteps: Int
  let stepsPerEpoch: Int
  let epochs: Int
  let everySteps: Int?
  let everyEpochs: Int?
  private let savesState: Bool
  private let savesFinalState: Bool
  private let keptEpochs: Int?
  private let keptSteps: Int?
  private let keptEpochStates: Int?
  private let keptStepStates: Int?

  init(
    _ options: SavingOptions, _ output: OutputName, totalSteps: Int, stepsPerEpoch: Int,
    epochs: Int
  ) {
    self.output = output
    type = (options.savePrecision ?? .float).elementType
    self.totalSteps = totalSteps
    self.stepsPerEpoch = stepsPerEpoch
    self.epochs = epochs
    everySteps = options.saveEveryNSteps
    everyEpochs = options.saveNEpochRatio.map { max(1, epochs / $0) } ?? options.saveEveryNEpochs
    savesState = options.saveState
    savesFinalState = options.saveState || options.saveStateOnTrainEnd
    keptEpochs = options.saveLastNEpochs
    keptSteps = options.saveLastNSteps
    keptEpochStates = options.saveLastNEpochsState ?? options.saveLastNEpochs
    keptStepStates = options.saveLastNStepsState ?? options.saveLastNSteps
  }

  /// The saves that are due when a step is done, in order: of the step, of the epoch, the last.
  ///
  /// The last epoch has no save of its own: it ends the run.
  func saves(after step: Int) -> [Save] {
    var saves: [Save] = []
    if let everySteps, step % everySteps == 0 {
      saves.append(save(ofStep: step, every: everySteps))
    }
    let isLast = step == totalSteps
    if let everyEpochs, step % stepsPerEpoch == 0, !isLast,
      (step / stepsPerEpoch) % everyEpochs == 0, step / stepsPerEpoch < epochs
    {
      saves.append(save(ofEpoch: step / stepsPerEpoch, every: everyEpochs))
    }
    return isLast ? saves + [final] : saves
  }

  /// All saves of the run, in order.
  var all: [Save] {
    guard totalSteps > 0 else { return [final] }
    var steps: Set = [totalSteps]
    for interval in [everySteps, everyEpochs.map { $0 * stepsPerEpoch }] {
      guard let interval else { continue }
      steps.formUnion(stride(from: interval, to: totalSteps, by: interval))
    }
    return steps.sorted().flatMap(saves(after:))
  }

  /// The number of saves, without a list of them.
  var count: Int {
    let (bySteps, byEpochs) = (
      everySteps.map { totalSteps / $0 } ?? 0, everyEpochs.map { epochs / $0 } ?? 0
    )
    return bySteps + byEpochs + 1
  }

  var final: Save {
    Save(
      occasion: .final, file: output.final,
      state: savesFinalState ? output.state(of: output.final) : nil, removedFile: nil,
      removedState: nil)
  }

  private func save(ofStep step: Int, every: Int) -> Save {
    let removed = { (kept: Int?) -> String? in
      guard let kept else { return nil }
      let old = step - kept - 1
      return old - old % every > 0 ? output.step(old - old % every) : nil
    }
    return save(.step(step), output.step(step), removed(keptSteps), removed(keptStepStates))
  }

  private func save(ofEpoch epoch: Int, every: Int) -> Save {
    let removed = { (kept: Int?) -> String? in
      guard let kept else { return nil }
      let old = epoch - every * kept
      return old > 0 ? output.epoch(old) : nil
    }
    return save(.epoch(epoch), output.epoch(epoch), removed(keptEpochs), removed(keptEpochStates))
  }

  private func save(
    _ occasion: Save.Occasion, _ file: String, _ removed: String?, _ stateOf: String?
  ) -> Save {
    Save(
      occasion: occasion, file: file, state: savesState ? output.state(of: file) : nil,
      removedFile: removed, removedState: savesState ? stateOf.map(output.state) : nil)
  }
}

/// The pictures that a run draws while it trains.
struct SamplePlan: Hashable {
  /// Whether some are drawn before the first step.
  let atFirst: Bool

  /// The steps from one time to the next; nil draws none after the first step.
  let interval: Int?

  /// The file that says what to draw; nil draws the empty prompt.
  let prompts: String?
  let sampler: SamplerMethod

  /// - Returns: nil if no pictures are asked for.
  init?(_ options: SampleOptions, stepsPerEpoch: Int) {
    // Epochs go before steps.
    interval = options.sampleEveryNEpochs.map { $0 * stepsPerEpoch } ?? options.sampleEveryNSteps
    atFirst = options.sampleAtFirst
    prompts = options.samplePrompts
    sampler = SamplerMethod(name: options.sampleSampler) ?? .ddim
    if interval == nil, !atFirst { return nil }
  }

  /// Whether pictures are due when a step is done.
  func isDue(after step: Int) -> Bool { interval.map { step % $0 == 0 } ?? false }
}
