import Adapters
import LinearAlgebra

/// The exact sum, with the factors side by side.
struct Concatenation: MergeMethod {
  static let name = "concat"
  static let isSum = true
  let settings: MergeSettings
  let rankUse = RankUse.none

  func plan(
    _ combination: Combination, _ choice: RankChoice?, threads: Int,
    onLayer: @escaping @Sendable () -> Void
  ) -> ResultPlan {
    combination.concatenation(onLayer: onLayer)
  }
}
