import Compute
import Diffusion
import Tensors

/// A batch with its noise, all on the host but for the text's states.
struct PreparedBatch {
  let batch: TrainingBatch
  let timesteps: [Int]
  let noised: NoisedBatch

  /// One each for a sample: the weight of its loss, and c of the Huber distances.
  let weights: [Float]
  let thresholds: [Float]

  init(
    _ batch: TrainingBatch, _ draws: StepDraws, _ recipe: LossRecipe, _ schedule: NoiseSchedule
  ) {
    self.batch = batch
    timesteps = draws.timesteps
    noised = NoisedBatch(batch.latents, draws, schedule, recipe.prediction)
    weights = zip(batch.weights, draws.timesteps).map { weight, timestep in
      weight * Float(recipe.weight(at: timestep, schedule))
    }
    thresholds = draws.timesteps.map { Float(recipe.huberConstant(at: $0, schedule)) }
  }
}

/// What the work of a step reads of a batch: tensors that stay, and are written anew for each.
struct BatchTensors {
  /// The passes that read them.
  let work = RepeatedWork()

  /// The same with the update behind them.
  let wholeStep = RepeatedWork()
  let latents: Tensor
  let timesteps: Tensor
  let target: Tensor
  let weights: Tensor
  let thresholds: Tensor
  let mask: Tensor?
  private let conditioning: Conditioning

  /// What batches must have in common to share the tensors.
  static func key(of prepared: PreparedBatch) -> String {
    let (shape, conditioning) = (prepared.batch.shape, prepared.batch.conditioning)
    return "batch \(shape.count)x\(shape.height)x\(shape.width), text \(conditioning.context.shape)"
      + (prepared.batch.mask == nil ? "" : ", masked")
  }

  /// Room for a batch like this one; `write` fills it.
  init(like prepared: PreparedBatch, on backend: any Backend) {
    let (shape, conditioning) = (prepared.batch.shape, prepared.batch.conditioning)
    func empty(_ shape: Shape) -> Tensor {
      Tensor(shape: shape, elementType: .float32, on: backend)
    }
    func room(for tensor: Tensor) -> Tensor {
      Tensor(shape: tensor.shape, elementType: tensor.elementType, on: backend)
    }
    let picture: Shape = [shape.count, shape.height, shape.width, LatentShape.channels]
    (latents, target) = (empty(picture), empty(picture))
    (timesteps, weights) = (empty([shape.count]), empty([shape.count]))
    thresholds = empty([shape.count])
    mask = prepared.batch.mask.map { _ in empty([shape.count, shape.height * shape.width]) }
    self.conditioning = Conditioning(
      context: room(for: conditioning.context), pooled: conditioning.pooled.map(room),
      timeIDs: conditioning.timeIDs.map(room))
  }

  /// Sends a batch to the device.
  func write(_ prepared: PreparedBatch) {
    latents.write(prepared.noised.input)
    target.write(prepared.noised.target)
    timesteps.write(prepared.timesteps.map(Float.init))
    weights.write(prepared.weights)
    thresholds.write(prepared.thresholds)
    if let values = prepared.batch.mask { mask?.write(values) }
    let given = prepared.batch.conditioning
    let pairs = [
      (given.context, conditioning.context), (given.pooled, conditioning.pooled),
      (given.timeIDs, conditioning.timeIDs),
    ]
    for case (let source?, let target?) in pairs { target.backend.copy(source, into: target) }
  }

  /// What the U-Net looks at.
  ///
  /// - Parameter text: In place of the batch's own, where its encoders are trained: gradients flow
  ///   back through it.
  func inputs(text: Conditioning? = nil) -> UNetInputs {
    let conditioning = text ?? conditioning
    return UNetInputs(
      latents: latents, timesteps: timesteps, context: conditioning.context,
      pooled: conditioning.pooled, timeIDs: conditioning.timeIDs)
  }
}
