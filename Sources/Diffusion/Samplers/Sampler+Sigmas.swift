import Glibc

/// The samplers that keep x = x₀ + σ·n, whose noise grows while the signal stays.
extension Sampler {
  /// x ← x + (x − D)/σ·(σ′ − σ); ancestral: to a level below σ′ and up again by fresh noise.
  func euler<Failure: Error>(
    from start: [Float], _ noise: (Int) -> [Float],
    _ network: ([Float], Float) throws(Failure) -> [Float], _ progress: (Int) -> Void
  ) throws(Failure) -> [Float] {
    var latents = scaled(start)
    for (step, (sigma, next)) in zip(grid.sigmas, grid.sigmas.dropFirst()).enumerated() {
      let clean = try denoised(latents, step, network)
      let (down, up) = method == .euler ? (next, 0) : ancestralLevels(from: sigma, to: next)
      let slope = Float((down - sigma) / sigma)
      for index in latents.indices { latents[index] += (latents[index] - clean[index]) * slope }
      if up > 0 {
        let fresh = noise(step)
        for index in latents.indices { latents[index] += Float(up) * fresh[index] }
      }
      progress(step + 1)
    }
    return latents
  }

  /// x ← (σ′/σ)·x − (e⁻ʰ − 1)·D′ with h = ln σ − ln σ′, D′ extrapolated from the last two D.
  ///
  /// The first step and the one to σ′ = 0 are of first order: D′ = D.
  func dpmSolver2M<Failure: Error>(
    from start: [Float], _ network: ([Float], Float) throws(Failure) -> [Float],
    _ progress: (Int) -> Void
  ) throws(Failure) -> [Float] {
    var latents = scaled(start)
    var previous: (clean: [Float], stride: Double)?
    for (step, (sigma, next)) in zip(grid.sigmas, grid.sigmas.dropFirst()).enumerated() {
      let clean = try denoised(latents, step, network)
      let stride = log(sigma) - log(next)
      var target = clean
      if let previous, next > 0 {
        let share = Float(stride / (2 * previous.stride))
        for index in clean.indices {
          target[index] += share * (clean[index] - previous.clean[index])
        }
      }
      let ratio = next / sigma
      for index in latents.indices {
        latents[index] = Float(ratio) * latents[index] + Float(1 - ratio) * target[index]
      }
      previous = (clean, stride)
      progress(step + 1)
    }
    return latents
  }

  /// The latent that the network believes to lie under the noise.
  private func denoised<Failure: Error>(
    _ latents: [Float], _ step: Int, _ network: ([Float], Float) throws(Failure) -> [Float]
  ) throws(Failure) -> [Float] {
    let sigma = grid.sigmas[step]
    let scale = 1 / (sigma * sigma + 1).squareRoot()
    let output = try network(latents.map { $0 * Float(scale) }, grid.timesteps[step])
    switch prediction {
    case .noise: return zip(latents, output).map { $0 - Float(sigma) * $1 }
    case .velocity:
      let (kept, removed) = (Float(scale * scale), Float(sigma * scale))
      return zip(latents, output).map { kept * $0 - removed * $1 }
    }
  }

  /// Noise of the first level.
  ///
  /// With leading timesteps, and in DPM-Solver, the first level still has signal, which the start's
  /// own variance stands for: √(σ² + 1). Elsewhere σ, as diffusers and k-diffusion have it.
  private func scaled(_ start: [Float]) -> [Float] {
    let sigma = grid.sigmas[0]
    let isExact = method == .dpmSolver2M || grid.spacing == .leading
    let scale = isExact ? (sigma * sigma + 1).squareRoot() : sigma
    return start.map { $0 * Float(scale) }
  }

  /// The level to step down to, and how much noise then leads up to the next level.
  private func ancestralLevels(from sigma: Double, to next: Double) -> (Double, Double) {
    let up = min(
      next, (next * next * (sigma * sigma - next * next) / (sigma * sigma)).squareRoot())
    return ((next * next - up * up).squareRoot(), up)
  }
}
