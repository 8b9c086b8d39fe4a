import Tensors

/// The random numbers that a part of a training step draws.
///
/// Every draw has a Philox stream of its own, so that no draw depends on whether another was made,
/// on the number of threads, on the device or on where a run was resumed. The stream's number is
///
///     purpose · 2⁵⁶ + level · 2⁴⁸ + sample · 2³² + step
///
/// with `step` the batches done before (accumulated ones too), modulo 2³², and `sample` the place
/// in the batch over all machines. Inside a stream, the numbers of a picture lie as the picture
/// does: number (y·w + x)·4 + c. A Philox block, four words, is then one pixel: words 0 and 1 make
/// channels 0 and 1 (cosine, sine), words 2 and 3 channels 2 and 3, as `Philox.normals` has it.
struct DrawStream: Hashable {
  enum Purpose: UInt8, Hashable {
    case timestep = 1
    case noise = 2
    case noiseOffset = 3
    case noiseOffsetStrength = 4
    case multiresolutionRatio = 5
    case multiresolutionNoise = 6
    case inputNoise = 7
    case inputNoiseStrength = 8
    case samplerStart = 9
    case samplerNoise = 10

    /// A latent from the VAE's distribution: one of a picture for the whole run, or one at each use.
    case keptLatent = 11
    case latent = 12

    /// The variations of a slider's pairs, and the pictures that a slider leaves alone.
    case variation = 13
    case stillPicture = 14
    case stillTimestep = 15
    case stillNoise = 16
  }

  let seed: UInt64
  let purpose: Purpose
  let step: Int
  var sample = 0
  var level = 0

  var generator: Philox {
    let stream =
      UInt64(purpose.rawValue) << 56 | UInt64(UInt8(truncatingIfNeeded: level)) << 48
      | UInt64(UInt16(truncatingIfNeeded: sample)) << 32
      | UInt64(UInt32(truncatingIfNeeded: step))
    return Philox(seed: seed, stream: stream)
  }

  /// A whole number from 0 up to `limit`: the upper half of the first word times `limit`.
  func integer(below limit: Int) -> Int {
    Int((UInt64(generator.words(block: 0)[0]) * UInt64(limit)) >> 32)
  }

  /// A number strictly between 0 and 1 from the upper 24 bits of the first word.
  var uniform: Float { (Float(generator.words(block: 0)[0] >> 8) + 0.5) * 0x1p-24 }
}
