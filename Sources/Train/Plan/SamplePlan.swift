import Diffusion

/// The pictures that a run draws while it trains.
struct SamplePlan: Hashable {
  /// Whether some are drawn before the first step.
  let atFirst: Bool

  /// The steps from one time to the next; nil draws none after the first step.
  let interval: Int?

  /// The file that says what to draw; nil draws the empty prompt.
  let prompts: String?
  let sampler: SamplerMethod

  /// - Returns: nil if no pictures are asked for.
  init?(_ options: SampleOptions, stepsPerEpoch: Int) {
    // Epochs go before steps.
    interval = options.sampleEveryNEpochs.map { $0 * stepsPerEpoch } ?? options.sampleEveryNSteps
    atFirst = options.sampleAtFirst
    prompts = options.samplePrompts
    sampler = SamplerMethod(name: options.sampleSampler) ?? .ddim
    if interval == nil, !atFirst { return nil }
  }

  /// Whether pictures are due when a step is done.
  func isDue(after step: Int) -> Bool { interval.map { step % $0 == 0 } ?? false }
}
