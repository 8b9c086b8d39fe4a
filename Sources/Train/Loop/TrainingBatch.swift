import Compute
import Diffusion

/// Latents that are trained on together, and what the network is told beside them.
struct TrainingBatch {
  let shape: LatentShape

  /// Scaled, `[count, height, width, 4]`.
  let latents: [Float]

  /// The text's states, `[count, tokens, width]`.
  let context: Tensor

  /// SDXL: `[count, width]`, and `[count, 6]`.
  let pooled: Tensor?
  let timeIDs: Tensor?

  /// The weight of each sample's loss.
  let weights: [Float]

  /// `[count, height, width]`; nil where all pixels count alike.
  let mask: [Float]?

  /// Noise and timesteps where they are given, not drawn.
  let draws: StepDraws?
}

/// The place of a batch in a run, and the random numbers that are its own.
struct BatchNumber: Hashable {
  let seed: UInt64

  /// The batches of the run before it.
  let total: Int

  /// Counted from 1.
  var epoch = 1

  /// Its place in the epoch, from 0.
  var index = 0

  /// The steps done before.
  var step = 0

  /// The place of its first sample in the batch over all machines.
  var firstSample = 0

  func stream(_ purpose: DrawStream.Purpose, sample: Int = 0, level: Int = 0) -> DrawStream {
    DrawStream(
      seed: seed, purpose: purpose, step: total, sample: firstSample + sample, level: level)
  }
}

/// A source of batches: pictures, or a file of the batches that another trainer saw.
protocol BatchSource {
  var batchesPerEpoch: Int { get }

  /// The pieces of work that `prepare` consists of.
  var preparationCount: Int { get }

  /// Does what can be done before the first step.
  ///
  /// - Parameter progress: Called after each piece.
  func prepare(progress: () -> Void) throws

  /// - Parameter adapters: Those of the text encoders, where these are trained.
  func batch(_ number: BatchNumber, adapters: DeviceAdapters?) throws -> TrainingBatch

  /// Makes `batch` return the largest batch of each size in turn, for a rehearsal.
  ///
  /// - Returns: The number of sizes.
  func keepLargestOfEachSize() -> Int
}
