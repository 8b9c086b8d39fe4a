import Diffusion

/// What the network is given of a batch and what it should answer, both `[count, height, width, 4]`.
struct NoisedBatch: Hashable {
  let input: [Float]
  let target: [Float]

  /// √ᾱ·x + √(1 − ᾱ)·ε, and ε or √ᾱ·ε − √(1 − ᾱ)·x.
  ///
  /// - Parameter latents: x, scaled.
  init(_ latents: [Float], _ draws: StepDraws, _ schedule: NoiseSchedule, _ prediction: Prediction)
  {
    precondition(
      latents.count == draws.noise.count && latents.count % max(1, draws.timesteps.count) == 0,
      "\(latents.count) numbers, \(draws.noise.count) of noise, \(draws.timesteps.count) timesteps")
    let added = draws.inputNoise ?? draws.noise
    let sampleCount = latents.count / max(1, draws.timesteps.count)
    var input = latents
    var target = draws.noise
    for (sample, timestep) in draws.timesteps.enumerated() {
      let (signal, noise) = (
        schedule.signalScale(at: timestep), schedule.noiseScale(at: timestep)
      )
      for index in sample * sampleCount..<(sample + 1) * sampleCount {
        input[index] = signal * latents[index] + noise * added[index]
        guard prediction == .velocity else { continue }
        target[index] = signal * draws.noise[index] - noise * latents[index]
      }
    }
    self.input = input
    self.target = target
  }
}
