import Compute

/// What the network is told beside the latents.
struct Conditioning {
  /// `[count, tokens, width]`.
  let context: Tensor

  /// SDXL: `[count, width]`, and `[count, 6]`.
  let pooled: Tensor?
  let timeIDs: Tensor?
}

/// Some latents that are trained on together.
struct TrainingBatch {
  let shape: LatentShape

  /// Scaled, `[count, height, width, 4]`.
  let latents: [Float]
  let conditioning: Conditioning

  /// The weight of each sample's loss.
  let weights: [Float]

  /// `[count, height, width]`; nil where all pixels count alike.
  let mask: [Float]?

  /// Noise and timesteps where they are given, not drawn.
  let draws: StepDraws?
}

/// Which batch of a run is wanted.
struct BatchNumber: Hashable {
  /// Counted from 1.
  let epoch: Int

  /// Its place in the epoch, from 0.
  let index: Int

  /// The batches of all epochs before it.
  let total: Int

  /// The steps done before.
  let step: Int
}

/// Where batches come from: pictures, or a file that holds what another trainer saw.
protocol BatchSource {
  var batchesPerEpoch: Int { get }

  /// The pieces of work that `prepare` consists of.
  var preparationCount: Int { get }

  /// Does what can be done before the first step.
  ///
  /// - Parameter progress: Called after each piece.
  func prepare(progress: () -> Void) throws

  func batch(_ number: BatchNumber) throws -> TrainingBatch
}
