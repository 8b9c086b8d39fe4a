/// How much of a picture and how much noise there is at each of 1000 timesteps.
///
/// β rises from 0.00085 to 0.012, linearly in its square root; ᾱ_t = Π (1 − β). A noisy latent is
/// √ᾱ·x + √(1 − ᾱ)·ε. All in float32, as the models were trained.
package struct NoiseSchedule: Hashable, Sendable {
  package static let timesteps = 1000

  /// ᾱ by timestep.
  package let signal: [Float]

  /// ᾱ/(1 − ᾱ) of the schedule as trained: weights of losses use it even where the last signal
  /// was set to zero, as in sd-scripts.
  package let signalToNoise: [Float]

  /// - Parameter zeroTerminalSNR: Whether to move √ᾱ so that the last is exactly 0, keeping the
  ///   first (Lin et al., "Common Diffusion Noise Schedules and Sample Steps Are Flawed", 2023).
  package init(zeroTerminalSNR: Bool = false) {
    let (first, last) = (Float(0.00085).squareRoot(), Float(0.012).squareRoot())
    var product: Float = 1
    let trained = (0..<Self.timesteps).map { step -> Float in
      let root = first + (last - first) * Float(step) / Float(Self.timesteps - 1)
      product *= 1 - root * root
      return product
    }
    signalToNoise = trained.map { $0 / (1 - $0) }
    signal = zeroTerminalSNR ? Self.withoutLastSignal(trained) : trained
  }

  /// σ_t = √((1 − ᾱ)/ᾱ): the noise's deviation where the picture has scale 1.
  package func deviation(_ timestep: Int) -> Float {
    ((1 - signal[timestep]) / signal[timestep]).squareRoot()
  }

  private static func withoutLastSignal(_ signal: [Float]) -> [Float] {
    let roots = signal.map { $0.squareRoot() }
    let (first, last) = (roots[0], roots[roots.count - 1])
    return roots.map { root in
      let moved = (root - last) * first / (first - last)
      return moved * moved
    }
  }
}
