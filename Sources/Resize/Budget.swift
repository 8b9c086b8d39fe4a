import LinearAlgebra

/// The ranks that keep most energy for a number of elements.
///
/// Every module has one rank; each further one costs its module's outputs + columns and keeps the
/// square of its singular value. Taking them in the order of energy for an element is the optimum
/// of the Frobenius error over all modules, since values fall within each module.
struct Budget {
  /// The rank of each module.
  let ranks: [Int]

  /// - Parameters:
  ///   - modules: Each module's cost of one rank, and its singular values, largest first.
  ///   - elements: How many elements the factors of all modules may have.
  /// - Returns: `nil` where even rank 1 everywhere is too much.
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
