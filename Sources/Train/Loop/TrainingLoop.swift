import Compute
import Diffusion
import Tensors

/// The loop: batches in, weights changed, saves written.
final class TrainingLoop {
  private let job: TrainingJob
  private let schedule: NoiseSchedule
  private let tape = Tape()
  private let adapters: Diffusion.Adapters
  private let gradient: Tensor
  private let update: WeightUpdate

  /// The number of the step on the device, which dropouts draw by.
  private let stepNumber: Tensor

  /// The place of the run: which batches, noise and names of saves come next.
  private(set) var stepsDone = 0

  /// Those that the optimiser and the schedule have seen: fewer, where the run began elsewhere
  /// than at step 0 without a state.
  private var updatesDone = 0

  init(_ job: TrainingJob) throws {
    self.job = job
    let (plan, backend) = (job.plan, job.backend)
    schedule = plan.noiseSchedule
    stepNumber = Tensor(integers: [0], shape: [1], on: backend)
    let network = plan.network
    let drops = network.dropout + network.rankDropout + network.moduleDropout > 0
    let dropout = Diffusion.Adapters.Dropout(
      module: Float(network.moduleDropout), network: Float(network.dropout),
      rank: Float(network.rankDropout), seed: UInt64(plan.seed), step: stepNumber)
    adapters = Diffusion.Adapters(
      training: job.modules, values: job.initialValues, tape: tape,
      dropout: drops ? dropout : nil, on: backend)
    gradient = adapters.gradient ?? Tensor(zeros: [job.modules.parameterCount], on: backend)
    update = try WeightUpdate(plan, adapters, gradient: gradient, on: backend)
    if let source = job.source as? PictureSource, network.trainsTextEncoders {
      source.adapters = adapters
    }
    if let (folder, state) = job.resumed { try resume(from: folder, state) }
    if let start = plan.start { stepsDone = start }
  }

  /// The adapters as they are now, to draw pictures with.
  var currentAdapters: Diffusion.Adapters { adapters.scaled(1) }

  /// The weights as they are now.
  var weights: [Float] { adapters.parameters.values() }

  /// Does one step.
  ///
  /// - Returns: The mean loss of its batches, the length of the gradient before it was shortened,
  ///   and the learning rate.
  func step() throws -> (loss: Double, gradientNorm: Double, learningRate: Double) {
    let (plan, backend) = (job.plan, job.backend)
    let step = stepsDone + 1
    backend.write([Int32(truncatingIfNeeded: step)], to: stepNumber)
    let batches = plan.batches(of: stepsDone)
    var loss = 0.0
    for index in batches {
      let epoch = stepsDone / plan.stepsPerEpoch
      let number = BatchNumber(
        epoch: epoch + 1, index: index, total: epoch * plan.batchesPerEpoch + index,
        step: stepsDone)
      loss += try accumulate(number) / Double(batches.count)
    }
    guard loss.isFinite else { throw Self.failure("loss", step) }
    let norm = backend.norm(of: gradient)
    let length = Double(norm.values()[0])
    guard length.isFinite else { throw Self.failure("gradient", step) }
    if let limit = plan.gradientLimit { backend.clip(gradient, norm: norm, to: Float(limit)) }
    update.apply(step: updatesDone + 1)
    if let limit = plan.updateLimit {
      backend.limitNorms(adapters.parameters, of: job.modules.products, to: Float(limit))
    }
    backend.fill(gradient, with: 0)
    (stepsDone, updatesDone) = (step, updatesDone + 1)
    return (loss, length, update.shownRate(step: updatesDone))
  }

  private static func failure(_ quantity: String, _ step: Int) -> TrainingError {
    .notFinite(quantity, step: step, lastSave: nil)
  }

  /// Adds a batch's gradient to that of the step.
  ///
  /// - Returns: The batch's loss.
  private func accumulate(_ number: BatchNumber) throws -> Double {
    let (plan, backend) = (job.plan, job.backend)
    let batch = try job.source.batch(number)
    let draws =
      batch.draws
      ?? plan.noise.draws(
        for: batch.latents, batch.shape,
        at: BatchPlace(seed: UInt64(plan.seed), batch: number.total))
    let noised = NoisedBatch(batch.latents, draws, schedule, plan.loss.prediction)
    let shape: Shape = [
      batch.shape.count, batch.shape.height, batch.shape.width, LatentShape.channels,
    ]
    let conditioning = batch.conditioning
    let prediction = job.unet.prediction(
      of: UNetInputs(
        latents: Tensor(noised.input, shape: shape, on: backend),
        timesteps: Tensor(
          draws.timesteps.map(Float.init), shape: [batch.shape.count], on: backend),
        context: conditioning.context, pooled: conditioning.pooled, timeIDs: conditioning.timeIDs),
      adapters: adapters, checkpointing: job.options.machine.gradientCheckpointing)
    let target = Tensor(noised.target, shape: shape, on: backend)
    let loss = self.loss(of: prediction, target, batch, draws.timesteps)
    tape.backward(from: loss.mean, scale: 1 / Float(plan.accumulation))
    tape.reset()
    return Double(loss.mean.values()[0])
  }

  private func loss(
    of prediction: Tensor, _ target: Tensor, _ batch: TrainingBatch, _ timesteps: [Int]
  ) -> Loss {
    let (recipe, backend) = (job.plan.loss, job.backend)
    let weights = zip(batch.weights, timesteps).map { weight, timestep in
      weight * Float(recipe.weight(at: timestep, schedule))
    }
    let thresholds = timesteps.map { Float(recipe.huberConstant(at: $0, schedule)) }
    let count = timesteps.count
    return prediction.loss(
      recipe.distance, target: target, weights: Tensor(weights, shape: [count], on: backend),
      thresholds: Tensor(thresholds, shape: [count], on: backend),
      mask: batch.mask.map {
        Tensor($0, shape: [count, batch.shape.height * batch.shape.width], on: backend)
      })
  }
}

extension TrainingLoop {
  /// Writes all that the run needs to go on.
  func saveState(in folder: String) throws {
    let state = TrainingState(
      step: stepsDone, updates: updatesDone, plan: job.plan, options: job.options)
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

extension AdaptedModules {
  fileprivate var products: [LowRankProduct] {
    modules.map { module in
      LowRankProduct(
        down: module.down, up: module.up, rank: module.rank, inputs: module.layer.downWidth,
        outputs: module.layer.outputs, scale: module.alpha / Float(module.rank))
    }
  }
}
