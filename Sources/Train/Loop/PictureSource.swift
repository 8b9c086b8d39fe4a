import Compute
import Datasets
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
  private let kind: PretrainedModel.Kind
  private let seed: UInt64
  private let stepCount: Int
  private let priorWeight: Float

  /// Whether a picture's latent is drawn from the VAE's distribution once, not at each use.
  private let keepsLatents: Bool
  private let backend: any Backend
  private var order: (epoch: Int, batches: EpochBatches)?

  /// In a rehearsal, the batches that are given in place of the epochs'.
  private var rehearsed: [[TrainingData.Sample]]?

  init(
    _ data: TrainingData, _ vae: VAE, _ text: TextConditioner, kind: PretrainedModel.Kind,
    _ plan: TrainingPlan, on backend: any Backend
  ) {
    self.data = data
    latents = LatentStore(data, vae, keepsFiles: plan.caches.latentFiles, on: vae.backend)
    self.vae = vae.configuration
    self.text = text
    self.kind = kind
    self.backend = backend
    seed = UInt64(plan.seed)
    stepCount = plan.steps
    priorWeight = Float(plan.loss.priorWeight)
    keepsLatents = plan.caches.latents
  }

  var batchesPerEpoch: Int { data.batchesPerEpoch }

  var preparationCount: Int { latents.pictureCount }

  func prepare(progress: () -> Void) throws { try latents.encodeAll(progress: progress) }

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

  func batch(_ number: BatchNumber, adapters: DeviceAdapters?) throws -> TrainingBatch {
    let samples =
      rehearsed.map { $0[number.index % $0.count] } ?? batches(of: number.epoch)[number.index]
    let factor = vae.downscaling
    let size = data.size(of: samples)
    let shape = LatentShape(
      count: samples.count, height: size.height / factor, width: size.width / factor)
    let placements = samples.map { data.placement(of: $0, seed: seed) }
    var latents: [Float] = []
    var masks: [[Float]?] = []
    for (place, sample) in samples.enumerated() {
      let posterior = try self.latents.posterior(of: sample, placements[place])
      latents += drawn(posterior, sample, placements[place], place, number)
      masks.append(posterior.mask)
    }
    let captions = samples.map {
      data.caption(of: $0, step: number.step, stepCount: stepCount, seed: seed)
    }
    let state = try text.state(of: captions, adapters: adapters)
    return TrainingBatch(
      shape: shape, latents: latents,
      context: state.context, pooled: state.pooled,
      timeIDs: kind == .sdxl ? timeIDs(samples, placements) : nil,
      weights: samples.map { data.subset(of: $0).isReg ? priorWeight : 1 },
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
      : number.stream(.latent, sample: place)
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
