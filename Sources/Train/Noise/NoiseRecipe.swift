import Diffusion
import Glibc
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

  /// Whether the timesteps of a run are spread evenly over their range, in place of each being drawn
  /// alone: few steps then see all of it.
  var spreadsTimesteps = false
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
      timesteps: (0..<shape.count).map { timestep(sample: $0, of: shape.count, number) },
      noise: noise, inputNoise: inputNoise(noise, shape, number))
  }

  private func timestep(sample: Int, of count: Int, _ number: BatchNumber) -> Int {
    guard !timesteps.isEmpty else { return timesteps.upperBound }
    guard spreadsTimesteps else {
      let stream = number.stream(.timestep, sample: sample)
      return timesteps.lowerBound + stream.integer(below: timesteps.count)
    }
    // The golden ratio's multiples: any stretch of them is spread evenly.
    let start = Double(DrawStream(seed: number.seed, purpose: .timestep, step: 0).uniform)
    let place = (start + Double(number.total * count + sample) * 0.618033988749895)
      .truncatingRemainder(dividingBy: 1)
    return timesteps.lowerBound + min(timesteps.count - 1, Int(place * Double(timesteps.count)))
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

  /// Adds noise of falling resolution, then scales the batch to deviation 1.
  ///
  /// Level i has sides divided by (2 + 2u)ⁱ and weight discountⁱ; level 0 is whole and simply adds
  /// to the white noise. The deviation is that of the whole batch, the offset included.
  ///
  /// Source: sd-scripts' `pyramid_noise_like`.
  func addMultiresolution(to noise: inout [Float], _ shape: LatentShape, _ number: BatchNumber) {
    for level in 0..<multiresolutionIterations {
      let ratio = 2 + 2 * Double(number.stream(.multiresolutionRatio, level: level).uniform)
      let shrink = pow(ratio, Double(level))
      let grid = LatentShape(
        count: 1, height: max(1, Int(Double(shape.height) / shrink)),
        width: max(1, Int(Double(shape.width) / shrink)))
      let weight = Float(pow(multiresolutionDiscount, Double(level)))
      for sample in 0..<shape.count {
        let coarse = number.stream(.multiresolutionNoise, sample: sample, level: level).generator
          .normals(count: grid.sampleCount)
        add(coarse, grid, times: weight, to: &noise, shape, sample: sample)
      }
      if grid.height == 1 || grid.width == 1 { break }
    }
    let deviation = Float(deviation(of: noise))
    for index in noise.indices { noise[index] /= deviation }
  }

  /// Adds a coarse latent, enlarged between its pixels' centres, to one sample.
  private func add(
    _ coarse: [Float], _ grid: LatentShape, times weight: Float, to noise: inout [Float],
    _ shape: LatentShape, sample: Int
  ) {
    let rows = taps(from: grid.height, to: shape.height)
    let columns = taps(from: grid.width, to: shape.width)
    var index = sample * shape.sampleCount
    for row in rows {
      for column in columns {
        for channel in 0..<LatentShape.channels {
          let at = { (y: Int, x: Int) in
            coarse[(y * grid.width + x) * LatentShape.channels + channel]
          }
          let top =
            at(row.low, column.low) * (1 - column.share) + at(row.low, column.high) * column.share
          let bottom =
            at(row.high, column.low) * (1 - column.share) + at(row.high, column.high) * column.share
          noise[index] += weight * (top * (1 - row.share) + bottom * row.share)
          index += 1
        }
      }
    }
  }

  /// The two pixels that an enlarged line takes each pixel from, and the share of the second.
  private func taps(from count: Int, to target: Int) -> [(low: Int, high: Int, share: Float)] {
    let scale = Float(count) / Float(target)
    return (0..<target).map { index in
      let place = max(0, (Float(index) + 0.5) * scale - 0.5)
      let low = min(Int(place), count - 1)
      return (low, min(low + 1, count - 1), place - Float(low))
    }
  }
}

/// The deviation of a sample of numbers, with n − 1.
private func deviation(of numbers: [Float]) -> Double {
  let mean = numbers.reduce(0.0) { $0 + Double($1) } / Double(numbers.count)
  let squares = numbers.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) }
  return (squares / Double(max(1, numbers.count - 1))).squareRoot()
}
