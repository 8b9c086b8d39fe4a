/// How noise becomes a picture's latent.
package enum SamplerMethod: String, Hashable, Sendable, CaseIterable {
  /// Song et al., "Denoising Diffusion Implicit Models" (2021), with η = 0.
  case ddim

  /// Karras et al., "Elucidating the Design Space of Diffusion-Based Generative Models" (2022),
  /// algorithm 2 without its correction: Euler's method.
  case euler

  /// Euler's method to a lower noise level, then fresh noise up to the next one.
  case eulerAncestral = "euler_a"

  /// Lu et al., "DPM-Solver++" (2022), algorithm 2: the second-order multistep method.
  case dpmSolver2M = "dpmsolver++"
}

/// A sampler with its noise levels: a pure function of a network.
///
/// Latents are lists of numbers in any layout, the network's own.
package struct Sampler: Sendable {
  package let method: SamplerMethod
  package let prediction: Prediction
  package let schedule: NoiseSchedule

  /// The levels that are passed, one a step.
  package let grid: NoiseGrid

  /// - Parameter spacing: Where the levels lie; DDIM has one spacing only.
  package init(
    _ method: SamplerMethod, steps: Int, spacing: NoiseGrid.Spacing? = nil,
    predicting prediction: Prediction, schedule: NoiseSchedule = NoiseSchedule()
  ) {
    self.method = method
    self.prediction = prediction
    self.schedule = schedule
    grid = NoiseGrid(
      steps: steps, spacing: spacing ?? method.usualSpacing, schedule: schedule)
  }

  /// Draws a latent.
  ///
  /// - Parameters:
  ///   - start: Standard normal numbers.
  ///   - noise: Standard normal numbers for step i of an ancestral sampler, as many as in `start`.
  ///   - network: The prediction for a noised latent at a timestep, which may lie between two;
  ///     called once a step, in order.
  ///   - progress: Called after each step with the number of steps done.
  package func sample<Failure: Error>(
    from start: [Float], noise: (Int) -> [Float],
    network: ([Float], Float) throws(Failure) -> [Float],
    progress: (Int) -> Void = { _ in }
  ) throws(Failure) -> [Float] {
    switch method {
    case .ddim: try ddim(from: start, network, progress)
    case .euler, .eulerAncestral: try euler(from: start, noise, network, progress)
    case .dpmSolver2M: try dpmSolver2M(from: start, network, progress)
    }
  }
}

extension SamplerMethod {
  /// The levels that diffusers gives the method.
  var usualSpacing: NoiseGrid.Spacing {
    switch self {
    case .ddim: .leading
    case .euler, .eulerAncestral: .linear
    case .dpmSolver2M: .trailingLinear
    }
  }
}

/// Moves a prediction away from that for the negative prompt: u + scale·(c − u).
///
/// - Parameters:
///   - conditional: The prediction for the prompt.
///   - unconditional: The prediction for the negative prompt.
/// - Source: Ho and Salimans, "Classifier-Free Diffusion Guidance" (2022).
package func guided(
  _ conditional: [Float], awayFrom unconditional: [Float], scale: Float
) -> [Float] {
  precondition(
    conditional.count == unconditional.count,
    "predictions of \(conditional.count) and \(unconditional.count) numbers")
  return zip(conditional, unconditional).map { $1 + scale * ($0 - $1) }
}
