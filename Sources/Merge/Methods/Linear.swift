import Adapters
import LinearAlgebra

/// The weighted sum reduced to a rank: `SVD` under the name that other programs use.
struct Linear: MergeMethod {
  static let name = "linear"
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
