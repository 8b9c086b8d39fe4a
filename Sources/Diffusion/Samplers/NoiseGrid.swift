import Glibc

/// The noise levels that a sampler passes on its way to none.
package struct NoiseGrid: Hashable, Sendable {
  /// The rule by which the levels are spaced.
  package enum Spacing: String, Hashable, Sendable, CaseIterable {
    /// Timesteps in equal steps from 1 on: 951, 901, … 1 for 20 steps. diffusers' DDIM, and its Euler
    /// where a model's configuration asks for it.
    case leading

    /// As `leading` of one step more, without the last: 941, 894, … 48 for 20 steps. diffusers'
    /// DPM-Solver where a model's configuration asks for leading timesteps.
    case leadingOpen

    /// Timesteps from 999 to 0, between integers too; σ interpolated. diffusers' Euler.
    case linear

    /// As `linear` with log σ interpolated: k-diffusion's, and so WebUI's.
    case logLinear

    /// Timesteps from 999 down without 0, rounded. diffusers' DPM-Solver.
    case trailingLinear

    /// σ^(1/7) in equal steps: Karras et al. (2022), equation 5.
    case karras
  }

  package let spacing: Spacing

  /// The timestep that the network gets at each step, largest first.
  package let timesteps: [Float]

  /// Noise over signal at each step, and 0 after the last.
  package let sigmas: [Double]

  /// - Parameter steps: At least 1 and at most 1000.
  package init(steps: Int, spacing: Spacing, schedule: NoiseSchedule) {
    let count = NoiseSchedule.timestepCount
    precondition((1...count).contains(steps), "\(steps) steps; there are \(count) timesteps")
    let table = (0..<count).map { schedule.sigma(at: $0) }
    self.spacing = spacing
    switch spacing {
    case .leading, .leadingOpen:
      let skipped = spacing == .leading ? 0 : 1
      let stride = count / (steps + skipped)
      // 1 is added, save where the first timestep would pass the last.
      timesteps = (skipped..<steps + skipped).reversed().map {
        Float(min($0 * stride + 1, count - 1))
      }
      sigmas = timesteps.map { table[Int($0)] } + [0]
    case .linear, .logLinear:
      timesteps = Self.line(from: Double(count - 1), to: 0, steps).map { Float($0) }
      let isLog = spacing == .logLinear
      sigmas = timesteps.map { interpolated(table, at: Double($0), inLog: isLog) } + [0]
    case .trailingLinear:
      let line = Self.line(from: 0, to: Double(count - 1), steps + 1)
      timesteps = line.dropFirst().reversed().map { Float($0.rounded(.toNearestOrEven)) }
      sigmas = timesteps.map { table[Int($0)] } + [0]
    case .karras:
      let levels = Self.line(from: root(table[count - 1]), to: root(table[0]), steps).map {
        pow($0, 7)
      }
      timesteps = levels.map { Float(position(of: $0, in: table)) }
      sigmas = levels + [0]
    }
  }

  /// Numbers in equal steps; of one number, the first.
  ///
  /// In numpy's order of operations, so that what lies halfway between two timesteps is rounded as diffusers rounds it.
  private static func line(from first: Double, to last: Double, _ count: Int) -> [Double] {
    let step = (last - first) / Double(max(1, count - 1))
    return (0..<count).map { Double($0) * step + first }
  }
}

private func root(_ sigma: Double) -> Double { pow(sigma, 1.0 / 7) }

/// A rising table read between its entries.
private func interpolated(_ table: [Double], at position: Double, inLog: Bool) -> Double {
  let below = min(Int(position), table.count - 1)
  let above = min(below + 1, table.count - 1)
  let share = position - Double(below)
  return inLog
    ? exp((1 - share) * log(table[below]) + share * log(table[above]))
    : (1 - share) * table[below] + share * table[above]
}

/// The position of a level in a rising table, by its logarithm.
private func position(of sigma: Double, in table: [Double]) -> Double {
  guard let above = table.firstIndex(where: { $0 > sigma }) else { return Double(table.count - 1) }
  guard above > 0 else { return 0 }
  let below = log(table[above - 1])
  return Double(above - 1) + (log(sigma) - below) / (log(table[above]) - below)
}
