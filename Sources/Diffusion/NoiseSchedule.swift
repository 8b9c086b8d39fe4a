/// How much of a latent is signal and how much noise at each timestep.
///
/// A noised latent is √ᾱₜ·x + √(1 − ᾱₜ)·ε with ᾱₜ = ∏ (1 − βᵢ), and √β grows linearly from √0.00085
/// to √0.012 over 1000 timesteps: Stable Diffusion's "scaled linear" schedule. Computed in 64 bits,
/// kept in 32.
package struct NoiseSchedule: Hashable, Sendable {
  package static let timestepCount = 1000

  /// ᾱ at each timestep, falling.
  package let alphasCumulative: [Float]

  /// ᾱ / (1 − ᾱ) of the schedule as it was before `withZeroTerminalSNR`.
  ///
  /// The loss weights use these also with a rescaled schedule, as sd-scripts does: the rescaled
  /// schedule's last ratio is 0, and a weight would be 0 / 0.
  package let signalToNoise: [Float]
}

extension NoiseSchedule {
  package init() {
    let alphas = Self.scaledLinear()
    self.init(
      alphasCumulative: alphas.map { Float($0) },
      signalToNoise: alphas.map { Float($0 / (1 - $0)) })
  }

  /// The schedule rescaled so that the last timestep is pure noise.
  ///
  /// Source: Lin et al., "Common Diffusion Noise Schedules and Sample Steps are Flawed" (2024),
  /// algorithm 1: √ᾱ is shifted to end at 0 and scaled to begin where it began.
  package var withZeroTerminalSNR: NoiseSchedule {
    let roots = Self.scaledLinear().map { $0.squareRoot() }
    guard let first = roots.first, let last = roots.last else { return self }
    let rescaled = roots.map { root in
      let shifted = (root - last) * first / (first - last)
      return Float(shifted * shifted)
    }
    return NoiseSchedule(alphasCumulative: rescaled, signalToNoise: signalToNoise)
  }

  /// √ᾱ: the factor of the signal.
  package func signalScale(at timestep: Int) -> Float {
    alphasCumulative[timestep].squareRoot()
  }

  /// √(1 − ᾱ): the factor of the noise.
  package func noiseScale(at timestep: Int) -> Float {
    (1 - alphasCumulative[timestep]).squareRoot()
  }

  /// √((1 − ᾱ) / ᾱ): noise over signal; infinite where nothing of the signal is left.
  package func sigma(at timestep: Int) -> Double {
    let alpha = Double(alphasCumulative[timestep])
    return ((1 - alpha) / alpha).squareRoot()
  }

  private static func scaledLinear() -> [Double] {
    let first = 0.00085.squareRoot()
    let last = 0.012.squareRoot()
    var product = 1.0
    return (0..<timestepCount).map { timestep in
      let root = first + (last - first) * Double(timestep) / Double(timestepCount - 1)
      product *= 1 - root * root
      return product
    }
  }
}

/// The quantity that a network predicts from a noised latent.
package enum Prediction: String, Hashable, Sendable {
  /// The noise ε.
  case noise = "epsilon"

  /// √ᾱ·ε − √(1 − ᾱ)·x.
  case velocity = "v"
}
