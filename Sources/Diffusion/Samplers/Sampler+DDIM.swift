extension Sampler {
  /// x₀ = (z − √(1 − ᾱ)·ε) / √ᾱ, then z ← √ᾱ′·x₀ + √(1 − ᾱ′)·ε with the next level's ᾱ′.
  ///
  /// After the last timestep ᾱ′ is that of timestep 0, as Stable Diffusion's own configuration
  /// has it. x₀ is not clamped: latents go beyond ±1.
  func ddim<Failure: Error>(
    from start: [Float], _ network: ([Float], Float) throws(Failure) -> [Float],
    _ progress: (Int) -> Void
  ) throws(Failure) -> [Float] {
    var latents = start
    let stride = NoiseSchedule.timestepCount / grid.timesteps.count
    for (step, timestep) in grid.timesteps.enumerated() {
      let alpha = schedule.alphasCumulative[Int(timestep)]
      let next = schedule.alphasCumulative[max(0, Int(timestep) - stride)]
      let output = try network(latents, timestep)
      let (signal, noise) = (alpha.squareRoot(), (1 - alpha).squareRoot())
      let (nextSignal, nextNoise) = (next.squareRoot(), (1 - next).squareRoot())
      for index in latents.indices {
        let (z, out) = (latents[index], output[index])
        let (clean, epsilon) =
          switch prediction {
          case .noise: ((z - noise * out) / signal, out)
          case .velocity: (signal * z - noise * out, signal * out + noise * z)
          }
        latents[index] = nextSignal * clean + nextNoise * epsilon
      }
      progress(step + 1)
    }
    return latents
  }
}
