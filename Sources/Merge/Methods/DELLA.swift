/// Drops elements at random, small ones more often, then takes the mean of those that agree with
/// the elected sign.
///
/// Source: Deep et al., DELLA-Merging (arXiv 2406.11617).
struct DELLA: DELLAMethod {
  static let name = "della"
  static let electsSigns = true
  let settings: MergeSettings
}
