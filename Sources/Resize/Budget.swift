import LinearAlgebra

/// The ranks that keep the most energy within a number of elements.
///
/// Every module gets one rank. Each further rank costs the module's outputs + columns elements and
/// keeps the square of its singular value. Taking ranks in the order of energy per element
/// minimises the Frobenius error over all modules, because a module's values are sorted.
struct Budget {
  /// The rank of each module.
  let ranks: [Int]

  /// - Parameters:
  ///   - modules: Each module's cost per rank, and its singular values, largest first.
  ///   - elements: The maximum number of elements in the factors of all modules.
  /// - Returns: `nil` if even rank 1 everywhere exceeds the budget.
  init?(_ modules: [(cost: Int, values: [Double])], elements: Int) {
    var ranks = modules.map { _ in 1 }
    var left = elements - modules.reduce(0) { $0 + $1.cost }
    guard left >= 0 else { return nil }

    var steps: [(module: Int, gain: Double)] = []
    for (index, module) in modules.enumerated() {
      for value in RankRule.significant(module.values).dropFirst() {
        steps.append((index, value * value / Double(module.cost)))
      }
    }
    steps.sort { ($0.gain, $1.module) > ($1.gain, $0.module) }
    var isFull = modules.map { _ in false }
    for step in steps where !isFull[step.module] {
      if modules[step.module].cost <= left {
        ranks[step.module] += 1
        left -= modules[step.module].cost
      } else {
        isFull[step.module] = true
      }
    }
    self.ranks = ranks
  }
}
