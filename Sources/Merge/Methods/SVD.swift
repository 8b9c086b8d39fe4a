import Adapters
import LinearAlgebra

/// The best approximation of the exact sum.
struct SVD: MergeMethod {
  static let name = "svd"
  static let isSum = true
  let settings: MergeSettings
  let rankUse = RankUse.required

  func plan(
    _ combination: Combination, _ choice: RankChoice?, threads: Int,
    onLayer: @escaping @Sendable () -> Void
  ) throws -> ResultPlan {
    try combination.sum(choice, threads: threads, onLayer: onLayer)
  }
}

extension Combination {
  /// The exact sum, at its own ranks or at the chosen ones.
  func sum(
    _ choice: RankChoice?, threads: Int, onLayer: @escaping @Sendable () -> Void
  ) throws -> ResultPlan {
    try choice.map { try approximation($0, threads: threads, onLayer: onLayer) }
      ?? concatenation(onLayer: onLayer)
  }
}
