import Compute
import Diffusion
import Tensors

/// A batch with its noise, on the host but for the text's states.
struct PreparedBatch {
  let batch: TrainingBatch
  let timesteps: [Int]

  /// `[count, height, width, 4]`.
  let input: [Float]
  var target: [Float]

  /// Per sample: the weight of its loss, and c of the Huber distances.
  var weights: [Float]
  let thresholds: [Float]

  init(
    _ batch: TrainingBatch, _ draws: StepDraws, _ recipe: LossRecipe, _ schedule: NoiseSchedule
  ) {
    self.batch = batch
    timesteps = draws.timesteps
    (input, target) = draws.noised(batch.latents, schedule, recipe.prediction)
    weights = zip(batch.weights, draws.timesteps).map { weight, timestep in
      weight * Float(recipe.weight(at: timestep, schedule))
    }
    thresholds = draws.timesteps.map { Float(recipe.huberConstant(at: $0, schedule)) }
  }
}

/// The tensors that the work of a step reads: they stay, and each batch of their shape is written into
/// them.
struct BatchTensors {
  /// The passes that read them.
  let work = RepeatedWork()

  /// The same with the update behind them.
  let wholeStep = RepeatedWork()
  let inputs: UNetInputs
  let target: Tensor
  let weights: Tensor
  let thresholds: Tensor
  let mask: Tensor?

  /// Names the shape that batches must have in common to share the tensors.
  static func key(of prepared: PreparedBatch) -> String {
    let (batch, shape) = (prepared.batch, prepared.batch.shape)
    return "batch \(shape.count)x\(shape.height)x\(shape.width), text \(batch.context.shape)"
      + (batch.mask == nil ? "" : ", masked")
  }

  /// Room for a batch like this one; `write` fills it.
  init(like prepared: PreparedBatch, on backend: any Backend) {
    let (batch, shape) = (prepared.batch, prepared.batch.shape)
    func empty(_ shape: Shape) -> Tensor {
      Tensor(shape: shape, elementType: .float32, on: backend)
    }
    func room(for tensor: Tensor) -> Tensor {
      Tensor(shape: tensor.shape, elementType: tensor.elementType, on: backend)
    }
    let picture: Shape = [shape.count, shape.height, shape.width, LatentShape.channels]
    let latents = empty(picture)
    target = empty(picture)
    let timesteps = empty([shape.count])
    weights = empty([shape.count])
    thresholds = empty([shape.count])
    mask = batch.mask.map { _ in empty([shape.count, shape.height * shape.width]) }
    inputs = UNetInputs(
      latents: latents, timesteps: timesteps, context: room(for: batch.context),
      pooled: batch.pooled.map(room), timeIDs: batch.timeIDs.map(room))
  }

  /// Sends a batch to the device.
  func write(_ prepared: PreparedBatch) {
    let batch = prepared.batch
    inputs.latents.write(prepared.input)
    target.write(prepared.target)
    inputs.timesteps.write(prepared.timesteps.map(Float.init))
    weights.write(prepared.weights)
    thresholds.write(prepared.thresholds)
    if let values = batch.mask { mask?.write(values) }
    let pairs: [(Tensor?, Tensor?)] = [
      (batch.context, inputs.context), (batch.pooled, inputs.pooled),
      (batch.timeIDs, inputs.timeIDs),
    ]
    for case (let source?, let target?) in pairs { target.backend.copy(source, into: target) }
  }

  /// The inputs where text encoders are trained: gradients flow back through a batch's own text.
  func inputs(textOf batch: TrainingBatch) -> UNetInputs {
    UNetInputs(
      latents: inputs.latents, timesteps: inputs.timesteps, context: batch.context,
      pooled: batch.pooled, timeIDs: batch.timeIDs)
  }
}
