import Diffusion
import TestSupport
import Testing

@Suite struct NoiseScheduleTests {
  /// ᾱ and ᾱ / (1 − ᾱ) as PyTorch computes them.
  static let values: [(timestep: Int, alpha: Float, ratio: Float)] = [
    (0, 0.9991500, 1175.44), (1, 0.9982960, 585.86), (100, 0.8942232, 8.45387),
    (500, 0.2763325, 0.38185), (900, 0.0141511, 0.0143543), (999, 0.0046601, 0.00468191),
  ]

  @Test(arguments: values)
  func scheduleIsStableDiffusions(_ value: (timestep: Int, alpha: Float, ratio: Float)) {
    let schedule = NoiseSchedule()
    expect([schedule.alphasCumulative[value.timestep]], approximates: [value.alpha], within: 1e-5)
    expect([schedule.signalToNoise[value.timestep]], approximates: [value.ratio], within: 5e-5)
  }

  @Test func sigmasSpanTheKnownRange() {
    let schedule = NoiseSchedule()
    expect([Float(schedule.sigma(at: 0))], approximates: [0.0291675], within: 1e-4)
    expect([Float(schedule.sigma(at: 999))], approximates: [14.6146], within: 1e-5)
  }

  @Test func signalAndNoiseAreOneTogether() {
    let schedule = NoiseSchedule()
    for timestep in stride(from: 0, to: 1000, by: 37) {
      let (signal, noise) = (schedule.signalScale(at: timestep), schedule.noiseScale(at: timestep))
      #expect(abs(signal * signal + noise * noise - 1) < 1e-6)
    }
  }

  @Test func zeroTerminalSNREndsInPureNoise() {
    let schedule = NoiseSchedule()
    let rescaled = schedule.withZeroTerminalSNR
    #expect(rescaled.alphasCumulative[999] == 0)
    #expect(rescaled.noiseScale(at: 999) == 1)
    #expect(rescaled.sigma(at: 999) == .infinity)
    expect(
      [rescaled.alphasCumulative[0]], approximates: [schedule.alphasCumulative[0]], within: 1e-6)
    #expect(
      zip(rescaled.alphasCumulative, rescaled.alphasCumulative.dropFirst()).allSatisfy { $0 > $1 })
    #expect(rescaled.signalToNoise == schedule.signalToNoise)
  }
}
