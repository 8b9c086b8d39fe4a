/// The sum of what is left where elements are dropped at random, small ones sooner than large ones:
/// DELLA without its election, as mergekit's `della_linear`.
struct DELLALinear: DELLAMethod {
  static let name = "della-linear"
  static let electsSigns = false
  let settings: MergeSettings
}
