import Diffusion
import Tensors

/// What noise a batch of latents gets, and at which timesteps.
struct NoiseRecipe: Hashable {
  var offset = 0.0
  var offsetIsRandom = false
  var adaptiveScale: Double?
  var multiresolutionIterations = 0
  var multiresolutionDiscount = 0.3
  var inputGamma: Double?
  var inputGammaIsRandom = false
  var timesteps = 0..<NoiseSchedule.timestepCount
}

/// The extents of a batch of latents `[count, height, width, 4]`.
struct LatentShape: Hashable {
  static let channels = 4

  let count: Int
  let height: Int
  let width: Int

  /// The numbers of one latent.
  var sampleCount: Int { height * width * Self.channels }
}

/// Which batch is drawn.
struct BatchPlace: Hashable {
  let seed: UInt64

  /// The batches done before.
  let batch: Int

  /// The place of its first sample in the batch over all machines.
  var firstSample = 0

  func stream(_ purpose: DrawStream.Purpose, sample: Int = 0, level: Int = 0) -> DrawStream {
    DrawStream(
      seed: seed, purpose: purpose, step: batch, sample: firstSample + sample, level: level)
  }
}

/// The random part of one batch.
struct StepDraws: Hashable {
  let timesteps: [Int]

  /// What the network is to find, `[count, height, width, 4]`.
  let noise: [Float]

  /// The noise that the network's input gets, where it is another.
  let inputNoise: [Float]?
}

extension NoiseRecipe {
  /// Draws a batch.
  ///
  /// - Parameter latents: The scaled latents; only `adaptiveScale` looks at them.
  /// - Complexity: O(count of latents · levels of multiresolution noise).
  func draws(for latents: [Float], _ shape: LatentShape, at place: BatchPlace) -> StepDraws {
    precondition(
      latents.count == shape.count * shape.sampleCount,
      "\(latents.count) numbers for \(shape.count) latents of \(shape.sampleCount)")
    var noise = (0..<shape.count).flatMap {
      place.stream(.noise, sample: $0).generator.normals(count: shape.sampleCount)
    }
    addOffset(to: &noise, latents, shape, place)
    if multiresolutionIterations > 0 { addMultiresolution(to: &noise, shape, place) }
    return StepDraws(
      timesteps: (0..<shape.count).map { timestep(sample: $0, place) }, noise: noise,
      inputNoise: inputNoise(noise, shape, place))
  }

  private func timestep(sample: Int, _ place: BatchPlace) -> Int {
    guard !timesteps.isEmpty else { return timesteps.upperBound }
    let stream = place.stream(.timestep, sample: sample)
    return timesteps.lowerBound + stream.integer(below: timesteps.count)
  }

  /// Adds one normal number to each channel of each sample.
  private func addOffset(
    to noise: inout [Float], _ latents: [Float], _ shape: LatentShape, _ place: BatchPlace
  ) {
    guard offset != 0 else { return }
    let strength =
      Float(offset) * (offsetIsRandom ? place.stream(.noiseOffsetStrength).uniform : 1)
    for sample in 0..<shape.count {
      let shifts = place.stream(.noiseOffset, sample: sample).generator
        .normals(count: LatentShape.channels)
      for channel in 0..<LatentShape.channels {
        let places = stride(
          from: sample * shape.sampleCount + channel, to: (sample + 1) * shape.sampleCount,
          by: LatentShape.channels)
        let shift = shifts[channel] * adapted(strength, to: latents, at: places)
        for index in places { noise[index] += shift }
      }
    }
  }

  /// The strength for one channel of one sample, moved by the size of its mean.
  private func adapted(
    _ strength: Float, to latents: [Float], at places: StrideTo<Int>
  ) -> Float {
    guard let adaptiveScale else { return strength }
    var (sum, count) = (0.0, 0)
    for index in places { (sum, count) = (sum + Double(latents[index]), count + 1) }
    return max(0, strength + Float(adaptiveScale * abs(sum / Double(count))))
  }

  private func inputNoise(
    _ noise: [Float], _ shape: LatentShape, _ place: BatchPlace
  ) -> [Float]? {
    guard let inputGamma, inputGamma != 0 else { return nil }
    let gamma =
      Float(inputGamma) * (inputGammaIsRandom ? place.stream(.inputNoiseStrength).uniform : 1)
    let more = (0..<shape.count).flatMap {
      place.stream(.inputNoise, sample: $0).generator.normals(count: shape.sampleCount)
    }
    return zip(noise, more).map { $0 + gamma * $1 }
  }
}
