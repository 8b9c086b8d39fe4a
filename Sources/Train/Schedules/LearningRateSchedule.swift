import Glibc

/// The learning rate over a run: a factor per step.
struct LearningRateSchedule: Hashable {
  var shape: ScheduleShape
  var warmup = 0
  var total: Int

  /// Cycles of `cosineWithRestarts`; half-cycles of the last part of `warmupStableDecay` and
  /// `cosineWithMinimum`.
  var cycles = 1
  var power = 1.0

  /// The last rate over the first, for `cosineWithMinimum` and `warmupStableDecay`.
  var minimum = 0.0

  /// The steps of the falling part of `warmupStableDecay`.
  var decay = 0

  /// The steps in which `inverseSquareRoot` falls to 0.7; by default those of the warm-up.
  var timescale: Int?

  /// The factor of a step's learning rate.
  ///
  /// - Parameters:
  ///   - step: The steps done before it, so that the first step of a warm-up has rate 0.
  ///   - rate: The learning rate that is multiplied; `polynomial` ends at 1e-7 whatever it is.
  func factor(after step: Int, rate: Double) -> Double {
    guard step >= warmup else {
      let rising = Double(step) / Double(max(1, warmup))
      return shape == .warmupStableDecay ? rising * (1 - minimum) + minimum : rising
    }
    let part = Double(step - warmup) / Double(max(1, total - warmup))
    switch shape {
    case .constant, .constantWithWarmup: return 1
    case .linear: return max(0, Double(total - step) / Double(max(1, total - warmup)))
    case .cosine: return max(0, fallen(part))
    case .cosineWithRestarts: return part >= 1 ? 0 : max(0, fallen(fraction(Double(cycles) * part)))
    case .polynomial: return polynomial(part, rate)
    case .inverseSquareRoot: return inverseSquareRoot(step)
    case .cosineWithMinimum: return max(0, aboveMinimum(fallen(Double(cycles) * part)))
    case .warmupStableDecay: return stableDecay(step)
    }
  }

  /// From 1 at 0 to 0 at 1 along a cosine, and up again.
  private func fallen(_ part: Double) -> Double { 0.5 * (1 + cos(.pi * part)) }

  private func aboveMinimum(_ factor: Double) -> Double { factor * (1 - minimum) + minimum }

  private func fraction(_ number: Double) -> Double { number - number.rounded(.down) }

  private func polynomial(_ part: Double, _ rate: Double) -> Double {
    let last = 1e-7
    guard part <= 1, rate > 0 else { return rate > 0 ? last / rate : 1 }
    return ((rate - last) * pow(1 - part, power) + last) / rate
  }

  private func inverseSquareRoot(_ step: Int) -> Double {
    let scale = Double(timescale ?? (warmup > 0 ? warmup : 10_000))
    return 1 / ((Double(step - warmup) + scale) / scale).squareRoot()
  }

  private func stableDecay(_ step: Int) -> Double {
    let fallBegins = total - decay
    guard step >= fallBegins else { return 1 }
    guard step < fallBegins + decay else { return minimum }
    return aboveMinimum(fallen(Double(cycles) * Double(step - fallBegins) / Double(max(1, decay))))
  }
}
