import Compute
import Diffusion
import Tensors

/// The loop: batches in, weights changed.
///
/// A step is the same work each time but for what a few tensors hold: the device may record it, once
/// per shape of batch, and repeat it. While it works the next batches are made ready.
final class TrainingLoop {
  private let job: TrainingJob
  private let schedule: NoiseSchedule
  private let adapters: DeviceAdapters
  private let passes: TrainingPasses
  private let gradient: Tensor
  private let update: WeightUpdate
  private var lossScale: LossScale?

  /// The number of the step on the device; dropouts draw by it.
  private let stepNumber: Tensor
  private let updating = RepeatedWork()
  private let unscaling = RepeatedWork()

  /// The batches of the next step, made ready while the device works on this one.
  private var next: Result<[Lesson], any Error>?

  /// The place of the run: it decides which batches, noise and names of saves come next.
  private(set) var stepsDone = 0

  /// The steps that the optimiser and the schedule have seen: fewer, where the run began elsewhere
  /// than at step 0 without a state.
  private var updatesDone = 0

  /// The file that was saved last, for the error of a run that cannot go on.
  var lastSave: String?

  init(_ job: TrainingJob) throws {
    self.job = job
    let (plan, backend) = (job.plan, job.backend)
    schedule = plan.noiseSchedule
    stepNumber = Tensor(integers: [0], shape: [1], on: backend)
    let tape = Tape()
    let network = plan.network
    let drops = network.dropout + network.rankDropout + network.moduleDropout > 0
    let dropout = AdapterDropout(
      module: Float(network.moduleDropout), network: Float(network.dropout),
      rank: Float(network.rankDropout), seed: UInt64(plan.seed), step: stepNumber)
    adapters = DeviceAdapters(
      job.modules, values: job.initialValues, tape: tape,
      dropout: drops ? dropout : nil, on: backend)
    passes = TrainingPasses(job, adapters, tape)
    gradient = adapters.gradient ?? Tensor(zeros: [job.modules.parameterCount], on: backend)
    update = try WeightUpdate(plan, adapters, gradient: gradient, on: backend)
    lossScale = backend.activationType == .float16 ? LossScale(on: backend) : nil
    if let (folder, state) = job.resumed { try resume(from: folder, state) }
    if let start = plan.start { stepsDone = start }
  }

  /// The adapters as they are now, to draw pictures with.
  var currentAdapters: DeviceAdapters { adapters.scaled(1) }
  var weights: [Float] { adapters.parameters.values() }

  func step() throws -> StepResult {
    let lessons = try (next ?? Result { try prepared(stepsDone) }).get()
    sendNumbers()
    var losses = work(on: lessons)
    prepareNext()
    if let last = passes.losses(of: lessons[lessons.count - 1]) { losses.append(last) }
    let result = StepResult(
      loss: mean(losses.map(\.own)), lossOfNothing: mean(losses.map(\.ofNothing)),
      gradientNorm: Double(update.norm.values()[0]),
      learningRate: update.shownRate(step: updatesDone + 1))
    try check(result)
    (stepsDone, updatesDone) = (stepsDone + 1, updatesDone + 1)
    return result
  }

  /// Sends the few numbers in which a step differs from the one before.
  private func sendNumbers() {
    job.backend.write([Int32(truncatingIfNeeded: stepsDone + 1)], to: stepNumber)
    passes.send(share: (lossScale?.value ?? 1) / Float(job.plan.accumulation))
    update.send(step: updatesDone + 1)
  }

  /// Asks the device for the gradients of a step's lessons and for the update.
  ///
  /// - Returns: The losses of all lessons but the last: that one is read when all work is asked for.
  private func work(on lessons: [Lesson]) -> [(own: Double, ofNothing: Double)] {
    let isMoving = update.isMoving(step: updatesDone + 1)
    if isMoving, isWholeStep(lessons) {
      passes.accumulate(lessons[0], update: applyUpdate)
      return []
    }
    var losses: [(own: Double, ofNothing: Double)] = []
    for (index, lesson) in lessons.enumerated() {
      passes.accumulate(lesson)
      if index < lessons.count - 1, let loss = passes.losses(of: lesson) { losses.append(loss) }
    }
    if !isMoving {
      update.measure()
      update.forget()
    } else if lossScale == nil {
      job.backend.repeating(updating) { applyUpdate() }
    } else {
      applyScaledUpdate()
    }
    return losses
  }

  /// Whether a step is one piece of work from the first pass to the moved weights: one lesson, with a
  /// loss that is not scaled and encoders that are not trained.
  private func isWholeStep(_ lessons: [Lesson]) -> Bool {
    lessons.count == 1 && lossScale == nil && !lessons[0].trainsText
  }

  private func applyUpdate() {
    update.measure()
    update.move()
  }

  /// The same for a gradient that is `lossScale` times too long; one that left fp16's range moves
  /// nothing.
  private func applyScaledUpdate() {
    let backend = job.backend
    lossScale?.send()
    backend.repeating(unscaling) {
      if let inverse = lossScale?.inverse { backend.scale(gradient, by: inverse, into: gradient) }
      update.measure()
    }
    let isFinite = update.norm.values()[0].isFinite
    lossScale?.update(isFinite: isFinite)
    if isFinite {
      backend.repeating(updating) { update.move() }
    } else {
      update.forget()
    }
  }

  /// Makes the next batches ready while the device works, where they do not need the moved weights.
  private func prepareNext() {
    let step = stepsDone + 1
    let isKnown = step < job.plan.steps && !job.plan.network.trainsTextEncoders
    next = isKnown ? Result { try prepared(step) } : nil
  }

  /// Throws where the device failed, or where a result is no number.
  private func check(_ result: StepResult) throws {
    try job.backend.check()
    // An infinity in a scaled gradient is no fault, as long as the scale can be lowered.
    let isScaled = (lossScale?.value ?? 1) > 1
    for (quantity, isFinite) in [
      ("loss", result.loss.isFinite), ("gradient", result.gradientNorm.isFinite || isScaled),
    ] where !isFinite {
      throw TrainingError.notFinite(quantity, step: stepsDone + 1, lastSave: lastSave)
    }
  }

  private func mean(_ numbers: [Double]) -> Double {
    numbers.reduce(0, +) / Double(numbers.count)
  }

  /// The batches of a step, counted from 0, ready to be sent.
  private func prepared(_ step: Int) throws -> [Lesson] {
    let plan = job.plan
    let text = plan.network.trainsTextEncoders ? adapters : nil
    return try plan.batches(of: step).flatMap { index -> [Lesson] in
      let epoch = step / plan.stepsPerEpoch
      let number = BatchNumber(
        seed: UInt64(plan.seed), total: epoch * plan.batchesPerEpoch + index, epoch: epoch + 1,
        index: index, step: step)
      if let pairs = job.pairs { return try pairs.lessons(number, plan, schedule) }
      let batch = try job.source.batch(number, adapters: text)
      let draws = batch.draws ?? plan.noise.draws(for: batch.latents, batch.shape, of: number)
      return [.pictures(PreparedBatch(batch, draws, plan.loss, schedule))]
    }
  }

  /// Writes all that the run needs to go on.
  ///
  /// - Parameter saves: Those that the run may remove again.
  func saveState(in folder: String, saves: [String] = []) throws {
    let state = TrainingState(step: stepsDone, updates: updatesDone, plan: job.plan, saves: saves)
    try StateFolder(path: folder).write(
      state, weights: weights,
      tensors: update.memory.map { (name: $0.name, values: $0.tensor.values()) })
  }

  private func resume(from folder: StateFolder, _ state: TrainingState) throws {
    let (weights, memory) = try folder.tensors(
      of: state, weightCount: job.modules.parameterCount,
      counts: update.memory.map { ($0.name, $0.tensor.count) })
    adapters.parameters.write(weights)
    for (values, entry) in zip(memory, update.memory) { entry.tensor.write(values) }
    (stepsDone, updatesDone) = (state.step, state.updates ?? state.step)
  }
}
