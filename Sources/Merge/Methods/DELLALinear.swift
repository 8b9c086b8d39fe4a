/// Drops elements at random, small ones more often, then sums the rest: DELLA without sign
/// election, as mergekit's `della_linear`.
struct DELLALinear: DELLAMethod {
  static let name = "della-linear"
  static let electsSigns = false
  let settings: MergeSettings
}
