import Compute
import Diffusion
import Tensors

/// The loop: batches in, weights changed.
///
/// A step is the same work each time but for what a few tensors hold: the device may record it, once
/// for each shape of batch, and repeat it. While it works the next batches are made ready.
final class TrainingLoop {
  private let job: TrainingJob
  private let schedule: NoiseSchedule
  private let tape = Tape()
  private let adapters: DeviceAdapters
  private let gradient: Tensor
  private let update: WeightUpdate
  private var lossScale: LossScale?

  /// The number of the step on the device, which dropouts draw by.
  private let stepNumber: Tensor

  /// What gradients start from: the batch's share of the step, times the scale of the loss.
  private let seed: Tensor

  /// The batch's loss, and the length of the step's gradient before it is shortened.
  private let loss: Tensor
  private let norm: Tensor
  private var tensors: [String: BatchTensors] = [:]
  private let updating = RepeatedWork()
  private let unscaling = RepeatedWork()

  /// The batches of the next step, made ready while the device works on this one.
  private var next: Result<[PreparedBatch], any Error>?

  /// The place of the run: which batches, noise and names of saves come next.
  private(set) var stepsDone = 0

  /// What a prediction of zeros would have lost in the step done last.
  private(set) var lossOfNothing = 0.0

  /// Those that the optimiser and the schedule have seen: fewer, where the run began elsewhere
  /// than at step 0 without a state.
  private var updatesDone = 0

  init(_ job: TrainingJob) throws {
    self.job = job
    let (plan, backend) = (job.plan, job.backend)
    schedule = plan.noiseSchedule
    stepNumber = Tensor(integers: [0], shape: [1], on: backend)
    seed = Tensor(zeros: [1], on: backend)
    loss = Tensor(zeros: [1], on: backend)
    norm = Tensor(zeros: [1], on: backend)
    let network = plan.network
    let drops = network.dropout + network.rankDropout + network.moduleDropout > 0
    let dropout = DeviceAdapters.Dropout(
      module: Float(network.moduleDropout), network: Float(network.dropout),
      rank: Float(network.rankDropout), seed: UInt64(plan.seed), step: stepNumber)
    adapters = DeviceAdapters(
      training: job.modules, values: job.initialValues, tape: tape,
      dropout: drops ? dropout : nil, on: backend)
    gradient = adapters.gradient ?? Tensor(zeros: [job.modules.parameterCount], on: backend)
    update = try WeightUpdate(plan, adapters, gradient: gradient, on: backend)
    lossScale = backend.activationType == .float16 ? LossScale(on: backend) : nil
    if let source = job.source as? PictureSource, network.trainsTextEncoders {
      source.adapters = adapters
    }
    if let (folder, state) = job.resumed { try resume(from: folder, state) }
    if let start = plan.start { stepsDone = start }
  }

  /// The adapters as they are now, to draw pictures with.
  var currentAdapters: DeviceAdapters { adapters.scaled(1) }

  /// The weights as they are now.
  var weights: [Float] { adapters.parameters.values() }

  /// Does one step.
  ///
  /// - Returns: The mean loss of its batches, the length of the gradient before it was shortened,
  ///   and the learning rate.
  func step() throws -> (loss: Double, gradientNorm: Double, learningRate: Double) {
    let (plan, backend) = (job.plan, job.backend)
    let step = stepsDone + 1
    let batches = try (next ?? Result { try prepared(stepsDone) }).get()
    next = nil
    lossOfNothing =
      batches.reduce(0) { $0 + $1.lossOfNothing(plan.loss.distance) } / Double(batches.count)
    backend.write([Int32(truncatingIfNeeded: step)], to: stepNumber)
    seed.write([(lossScale?.value ?? 1) / Float(plan.accumulation)])
    let isMoving = update.prepare(step: updatesDone + 1)
    var losses: [Double] = []
    var length: Double?
    if let only = wholeStep(batches), isMoving {
      let tensors = sent(only)
      backend.repeating(tensors.wholeStep) {
        pass(tensors, tensors.inputs())
        applyUpdate()
      }
    } else {
      for (index, batch) in batches.enumerated() {
        accumulate(batch)
        // The last one's is read below, when all of the step has been asked for.
        if index < batches.count - 1 { losses.append(Double(loss.values()[0])) }
      }
      if !isMoving {
        standStill()
      } else if lossScale == nil {
        backend.repeating(updating) { applyUpdate() }
      } else {
        length = applyScaledUpdate()
      }
    }
    if step < plan.steps, !plan.network.trainsTextEncoders {
      next = Result { try prepared(step) }
    }
    losses.append(Double(loss.values()[0]))
    let mean = losses.reduce(0, +) / Double(losses.count)
    let norm = length ?? Double(norm.values()[0])
    try backend.check()
    guard mean.isFinite else { throw Self.failure("loss", step) }
    // Of a scaled gradient an infinity is no fault, as long as the scale can be lowered.
    guard norm.isFinite || (lossScale?.value ?? 1) > 1 else {
      throw Self.failure("gradient", step)
    }
    (stepsDone, updatesDone) = (step, updatesDone + 1)
    return (mean, norm, update.shownRate(step: updatesDone))
  }

  private static func failure(_ quantity: String, _ step: Int) -> TrainingError {
    .notFinite(quantity, step: step, lastSave: nil)
  }

  /// Measures the gradient and forgets it.
  private func standStill() {
    job.backend.norm(of: gradient, into: norm)
    job.backend.fill(gradient, with: 0)
  }

  /// The batch of a step that is one piece of work from the first pass to the moved weights: the
  /// only one, with a loss that is not scaled and encoders that are not trained.
  private func wholeStep(_ batches: [PreparedBatch]) -> PreparedBatch? {
    guard batches.count == 1, lossScale == nil,
      batches[0].batch.conditioning.context.node == nil
    else { return nil }
    return batches[0]
  }

  /// Measures and shortens the gradient, moves the weights and forgets the gradient.
  private func applyUpdate() {
    job.backend.norm(of: gradient, into: norm)
    moveWeights()
  }

  /// The same for a gradient that is `lossScale` times too long; one that left fp16's range moves
  /// nothing.
  ///
  /// - Returns: The length of the gradient.
  private func applyScaledUpdate() -> Double {
    let backend = job.backend
    lossScale?.send()
    backend.repeating(unscaling) {
      if let inverse = lossScale?.inverse { backend.scale(gradient, by: inverse, into: gradient) }
      backend.norm(of: gradient, into: norm)
    }
    let length = Double(norm.values()[0])
    lossScale?.update(isFinite: length.isFinite)
    if length.isFinite {
      backend.repeating(updating) { moveWeights() }
    } else {
      backend.fill(gradient, with: 0)
    }
    return length
  }

  private func moveWeights() {
    let (plan, backend) = (job.plan, job.backend)
    if let limit = plan.gradientLimit { backend.clip(gradient, norm: norm, to: Float(limit)) }
    update.apply()
    if let limit = plan.updateLimit {
      backend.limitNorms(adapters.parameters, of: job.modules.products, to: Float(limit))
    }
    backend.fill(gradient, with: 0)
  }
}

extension TrainingLoop {
  /// The batches of a step, counted from 0, ready to be sent.
  private func prepared(_ step: Int) throws -> [PreparedBatch] {
    let plan = job.plan
    return try plan.batches(of: step).map { index in
      let epoch = step / plan.stepsPerEpoch
      let number = BatchNumber(
        epoch: epoch + 1, index: index, total: epoch * plan.batchesPerEpoch + index, step: step)
      let batch = try job.source.batch(number)
      let draws =
        batch.draws
        ?? plan.noise.draws(
          for: batch.latents, batch.shape,
          at: BatchPlace(seed: UInt64(plan.seed), batch: number.total))
      return PreparedBatch(batch, draws, plan.loss, schedule)
    }
  }

  /// Adds a batch's gradient to that of the step, and writes its loss.
  private func accumulate(_ prepared: PreparedBatch) {
    let tensors = sent(prepared)
    let conditioning = prepared.batch.conditioning
    if conditioning.context.node == nil {
      job.backend.repeating(tensors.work) { pass(tensors, tensors.inputs()) }
    } else {
      // What the text encoders computed is on the tape already, and differs from step to step.
      pass(tensors, tensors.inputs(text: conditioning))
    }
  }

  /// The tensors of a batch's shape, which hold the batch now.
  private func sent(_ prepared: PreparedBatch) -> BatchTensors {
    let key = BatchTensors.key(of: prepared)
    let tensors = tensors[key] ?? BatchTensors(like: prepared, on: job.backend)
    self.tensors[key] = tensors
    tensors.write(prepared)
    return tensors
  }

  private func pass(_ tensors: BatchTensors, _ inputs: UNetInputs) {
    let prediction = job.unet.prediction(
      of: inputs, adapters: adapters, checkpointing: job.options.machine.gradientCheckpointing)
    let loss = prediction.loss(
      job.plan.loss.distance, target: tensors.target, weights: tensors.weights,
      thresholds: tensors.thresholds, mask: tensors.mask)
    tape.backward(from: loss.mean, gradient: seed)
    tape.reset()
    job.backend.copy(loss.mean, into: self.loss)
  }
}

extension TrainingLoop {
  /// Writes all that the run needs to go on.
  ///
  /// - Parameter saves: Those that the run may remove again.
  func saveState(in folder: String, saves: [String] = []) throws {
    let state = TrainingState(
      step: stepsDone, updates: updatesDone, plan: job.plan, options: job.options, saves: saves)
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
