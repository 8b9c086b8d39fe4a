import Diffusion
import TestSupport
import Testing

@Suite struct NoiseScheduleTests {
  /// What PyTorch gives in float32.
  static let known: [(timestep: Int, signal: Double, ratio: Double)] = [
    (0, 0.9991500, 1175.44), (1, 0.9982960, 585.86), (100, 0.8942232, 8.45387),
    (500, 0.2763325, 0.38185), (900, 0.0141511, 0.0143543), (999, 0.0046601, 0.00468191),
  ]

  @Test(arguments: known)
  func signalAndRatio(_ row: (timestep: Int, signal: Double, ratio: Double)) {
    let schedule = NoiseSchedule()
    expect([Double(schedule.signal[row.timestep])], approximates: [row.signal], within: 1e-5)
    expect([Double(schedule.signalToNoise[row.timestep])], approximates: [row.ratio], within: 2e-4)
  }

  @Test func deviations() {
    let schedule = NoiseSchedule()
    expect(
      [Double(schedule.deviation(0)), Double(schedule.deviation(999))],
      approximates: [0.0291675, 14.6146], within: 1e-4)
  }

  @Test func zeroTerminalSNRKeepsTheFirstAndTheRatios() {
    let (plain, moved) = (NoiseSchedule(), NoiseSchedule(zeroTerminalSNR: true))
    #expect(moved.signal[999] == 0)
    expect([Double(moved.signal[0])], approximates: [Double(plain.signal[0])], within: 1e-6)
    #expect(moved.signalToNoise == plain.signalToNoise)
    #expect(zip(moved.signal, moved.signal.dropFirst()).allSatisfy { $0 > $1 })
  }
}
