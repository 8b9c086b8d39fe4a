package import Compute
import Glibc

extension CPUBackend {
  /// Source: Mishchenko and Defazio, "Prodigy" (2023), as prodigyopt 1.1.2 computes it.
  package func prodigy(_ state: ProdigyState, settings: ProdigySettings) {
    let step = ProdigyStep(state, settings)
    var (product, total) = (0.0, 0.0)
    for range in settings.active {
      product += sum(range.count) { step.progress(range.lowerBound + $0, $1) }
    }
    for range in settings.active {
      forVectors(range) { step.updateMoments($0, $1) }
      total += sum(range.count) { step.magnitude(range.lowerBound + $0, $1) }
    }
    if total == 0 { return }
    let estimate = step.finish(product: product, total: total)
    for range in settings.active {
      forRanges(range.count, cost: 1, step: 16) { part in
        forVectors(range.lowerBound + part.lowerBound..<range.lowerBound + part.upperBound) {
          step.move($0, $1, estimate)
        }
      }
    }
  }
}

private struct ProdigyStep: Sendable {
  private let p: Floats
  private let g: Floats
  private let m: Floats
  private let v: Floats
  private let s: Floats
  private let origin: Floats
  private let estimates: Floats
  private let d: Float
  private let ratio: Float
  private let rate: Float
  private let beta1: Float
  private let beta2: Float
  private let beta3: Float
  private let settings: (epsilon: Float, decay: Float, coefficient: Float, growth: Float)
  private let initial: Float
  private let sumFactor: Float

  init(_ state: ProdigyState, _ settings: ProdigySettings) {
    (p, g) = (Floats(state.adam.parameters), Floats(state.adam.gradient))
    (m, v, s) = (Floats(state.adam.first), Floats(state.adam.second), Floats(state.sums))
    (origin, estimates) = (Floats(state.origin), Floats(state.estimate))
    (beta1, beta2) = settings.betas
    beta3 = settings.beta3 ?? settings.betas.second.squareRoot()
    d = estimates[0]
    initial = settings.initialEstimate
    ratio = d / initial
    let step = estimates[3] + 1
    let correction =
      settings.correctsBias ? (1 - powf(beta2, step)).squareRoot() / (1 - powf(beta1, step)) : 1
    rate = d * Floats(settings.rates)[0] * correction
    sumFactor = ratio * (settings.safeguardsWarmup ? d : rate)
    self.settings = (
      settings.epsilon, settings.weightDecay, settings.coefficient, settings.growthRate
    )
  }

  /// g·(p₀ − p).
  func progress(_ index: Int, _ lanes: Int) -> Vector {
    g[index, lanes] * (origin[index, lanes] - p[index, lanes])
  }

  func updateMoments(_ index: Int, _ lanes: Int) {
    let gradient = g[index, lanes]
    m[index, lanes] = m[index, lanes] * beta1 + gradient * (d * (1 - beta1))
    v[index, lanes] = v[index, lanes] * beta2 + gradient * gradient * (d * d * (1 - beta2))
    s[index, lanes] = s[index, lanes] * beta3 + gradient * sumFactor
  }

  func magnitude(_ index: Int, _ lanes: Int) -> Vector {
    let sum = s[index, lanes]
    return sum.replacing(with: -sum, where: sum .< 0)
  }

  /// Updates the estimate of the distance; returns d for the denominator.
  func finish(product: Double, total: Double) -> Float {
    let numerator = beta3 * estimates[2] + Float(Double(ratio * rate) * product)
    let guess = settings.coefficient * Float(Double(numerator) / total)
    let grown = d == initial ? max(d, guess) : d
    let largest = max(estimates[1], guess)
    estimates[0] = min(largest, grown * settings.growth)
    estimates[1] = largest
    estimates[2] = numerator
    estimates[3] += 1
    return estimates[0]
  }

  func move(_ index: Int, _ lanes: Int, _ estimate: Float) {
    let decayed = p[index, lanes] * (1 - settings.decay * rate)
    let denominator = v[index, lanes].squareRoot() + estimate * settings.epsilon
    p[index, lanes] = decayed - m[index, lanes] * rate / denominator
  }
}
