import Diffusion
import Tensors

/// The noise and the timesteps of batches.
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

/// The random part of one batch.
struct StepDraws: Hashable {
  let timesteps: [Int]

  /// The noise that the network is to find, `[count, height, width, 4]`.
  let noise: [Float]

  /// The noise that the network's input gets, where it is another.
  let inputNoise: [Float]?
}

extension StepDraws {
  /// The network's input and the answer that it should give, both `[count, height, width, 4]`:
  /// √ᾱ·x + √(1 − ᾱ)·ε, and ε or √ᾱ·ε − √(1 − ᾱ)·x.
  ///
  /// - Parameter latents: x, scaled.
  func noised(
    _ latents: [Float], _ schedule: NoiseSchedule, _ prediction: Prediction
  ) -> (input: [Float], target: [Float]) {
    precondition(
      latents.count == noise.count && latents.count % max(1, timesteps.count) == 0,
      "\(latents.count) numbers, \(noise.count) of noise, \(timesteps.count) timesteps")
    let added = inputNoise ?? noise
    let sampleCount = latents.count / max(1, timesteps.count)
    var (input, target) = (latents, noise)
    for (sample, timestep) in timesteps.enumerated() {
      let (signal, noise) = (
        schedule.signalScale(at: timestep), schedule.noiseScale(at: timestep)
      )
      for index in sample * sampleCount..<(sample + 1) * sampleCount {
        input[index] = signal * latents[index] + noise * added[index]
        guard prediction == .velocity else { continue }
        target[index] = signal * self.noise[index] - noise * latents[index]
      }
    }
    return (input, target)
  }
}

extension NoiseRecipe {
  /// Draws a batch.
  ///
  /// - Parameter latents: The scaled latents; only `adaptiveScale` looks at them.
  /// - Complexity: O(count of latents · levels of multiresolution noise).
  func draws(for latents: [Float], _ shape: LatentShape, of number: BatchNumber) -> StepDraws {
    precondition(
      latents.count == shape.count * shape.sampleCount,
      "\(latents.count) numbers for \(shape.count) latents of \(shape.sampleCount)")
    var noise = (0..<shape.count).flatMap {
      number.stream(.noise, sample: $0).generator.normals(count: shape.sampleCount)
    }
    addOffset(to: &noise, latents, shape, number)
    if multiresolutionIterations > 0 { addMultiresolution(to: &noise, shape, number) }
    return StepDraws(
      timesteps: (0..<shape.count).map { timestep(sample: $0, number) }, noise: noise,
      inputNoise: inputNoise(noise, shape, number))
  }

  private func timestep(sample: Int, _ number: BatchNumber) -> Int {
    guard !timesteps.isEmpty else { return timesteps.upperBound }
    let stream = number.stream(.timestep, sample: sample)
    return timesteps.lowerBound + stream.integer(below: timesteps.count)
  }

  /// Adds one normal number to each channel of each sample.
  private func addOffset(
    to noise: inout [Float], _ latents: [Float], _ shape: LatentShape, _ number: BatchNumber
  ) {
    guard offset != 0 else { return }
    let strength =
      Float(offset) * (offsetIsRandom ? number.stream(.noiseOffsetStrength).uniform : 1)
    for sample in 0..<shape.count {
      let shifts = number.stream(.noiseOffset, sample: sample).generator
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
    _ noise: [Float], _ shape: LatentShape, _ number: BatchNumber
  ) -> [Float]? {
    guard let inputGamma, inputGamma != 0 else { return nil }
    let gamma =
      Float(inputGamma) * (inputGammaIsRandom ? number.stream(.inputNoiseStrength).uniform : 1)
    let more = (0..<shape.count).flatMap {
      number.stream(.inputNoise, sample: $0).generator.normals(count: shape.sampleCount)
    }
    return zip(noise, more).map { $0 + gamma * $1 }
  }
}
