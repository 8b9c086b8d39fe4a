import Compute
import Diffusion
import Glibc
import Images
import Tensors

/// Batches from pictures: read, encoded by the VAE and described by their captions.
final class PictureSource: BatchSource {
  private let data: TrainingData
  private let latents: LatentStore
  private let vae: VAEConfiguration
  private let text: TextConditioner

  /// Given to the text encoders where they are trained.
  var adapters: DeviceAdapters?
  private let kind: PretrainedModel.Kind
  private let seed: UInt64
  private let stepCount: Int
  private let priorWeight: Float

  /// Whether a picture's latent is drawn from the VAE's distribution once, not at each use.
  private let keepsLatents: Bool
  private let backend: any Backend
  private var order: (epoch: Int, batches: EpochBatches)?

  /// What is given in place of the epochs' batches in a rehearsal.
  private var rehearsed: [TrainingData.Batch]?

  /// What of the options matters here.
  struct Settings {
    let seed: UInt32
    let stepCount: Int
    let priorWeight: Double
    let keepsLatents: Bool

    /// Whether they are kept beside the pictures too, for later runs.
    let keepsFiles: Bool
  }

  init(
    _ data: TrainingData, _ vae: VAE, _ text: TextConditioner, kind: PretrainedModel.Kind,
    _ settings: Settings, on backend: any Backend
  ) {
    self.data = data
    latents = LatentStore(data, vae, keepsFiles: settings.keepsFiles, on: vae.backend)
    self.vae = vae.configuration
    self.text = text
    self.kind = kind
    self.backend = backend
    seed = UInt64(settings.seed)
    stepCount = settings.stepCount
    priorWeight = Float(settings.priorWeight)
    keepsLatents = settings.keepsLatents
  }

  var batchesPerEpoch: Int { data.batchesPerEpoch }

  var preparationCount: Int { latents.pictureCount }

  func prepare(progress: () -> Void) throws { try latents.encodeAll(progress: progress) }

  /// Gives, in turn, one batch of each size from now on: the largest.
  ///
  /// - Returns: How many there are.
  func keepLargestOfEachSize() -> Int {
    let batches = data.largestBatches(epoch: 1, seed: seed)
    rehearsed = batches
    return batches.count
  }

  private func batches(of epoch: Int) -> EpochBatches {
    if let order, order.epoch == epoch { return order.batches }
    let batches = data.batches(epoch: epoch, seed: seed)
    order = (epoch, batches)
    return batches
  }

  func batch(_ number: BatchNumber) throws -> TrainingBatch {
    let batch =
      rehearsed.map { $0[number.index % $0.count] } ?? batches(of: number.epoch)[number.index]
    let factor = vae.downscaling
    let shape = LatentShape(
      count: batch.samples.count, height: batch.size.height / factor,
      width: batch.size.width / factor)
    let placements = batch.samples.map { data.placement(of: $0, seed: seed) }
    var latents: [Float] = []
    var masks: [[Float]?] = []
    for (place, sample) in batch.samples.enumerated() {
      let posterior = try self.latents.posterior(of: sample, placements[place])
      latents += drawn(posterior, sample, placements[place], place, number)
      masks.append(posterior.mask)
    }
    let captions = batch.samples.map {
      data.caption(of: $0, step: number.step, stepCount: stepCount, seed: seed)
    }
    let state = try text.state(of: captions, adapters: adapters)
    return TrainingBatch(
      shape: shape, latents: latents,
      conditioning: Conditioning(
        context: state.context, pooled: state.pooled,
        timeIDs: kind == .sdxl ? timeIDs(batch.samples, placements) : nil),
      weights: batch.samples.map { data.subset(of: $0).isReg ? priorWeight : 1 },
      mask: joined(masks, shape), draws: nil)
  }

  /// A scaled latent from the VAE's distribution.
  private func drawn(
    _ posterior: Posterior, _ sample: TrainingData.Sample, _ placement: Placement, _ place: Int,
    _ number: BatchNumber
  ) -> [Float] {
    let stream =
      keepsLatents
      ? DrawStream(
        seed: seed, purpose: .keptLatent, step: sample.picture, sample: sample.dataset,
        level: placement.isFlipped ? 1 : 0)
      : DrawStream(seed: seed, purpose: .latent, step: number.total, sample: place)
    let noise = stream.generator.normals(count: posterior.mean.count)
    let factor = vae.scalingFactor
    return posterior.mean.indices.map { index in
      let deviation = expf(0.5 * min(20, max(-30, posterior.logVariance[index])))
      return factor * (posterior.mean[index] + deviation * noise[index])
    }
  }

  /// All samples' masks, if one has any; the others count everywhere.
  private func joined(_ masks: [[Float]?], _ shape: LatentShape) -> [Float]? {
    guard masks.contains(where: { $0 != nil }) else { return nil }
    let whole = [Float](repeating: 1, count: shape.height * shape.width)
    return masks.flatMap { $0 ?? whole }
  }

  /// Original height and width, the crop's top and left, the target's height and width.
  private func timeIDs(_ samples: [TrainingData.Sample], _ placements: [Placement]) -> Tensor {
    let numbers = zip(samples, placements).flatMap { sample, placement -> [Float] in
      let size = data.sizeConditioning(of: sample, placement)
      return [
        size.original.height, size.original.width, size.cropTop, size.cropLeft,
        size.target.height, size.target.width,
      ].map(Float.init)
    }
    return Tensor(numbers, shape: [samples.count, 6], on: backend)
  }
}
