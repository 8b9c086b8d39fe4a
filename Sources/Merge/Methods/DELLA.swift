/// Elements dropped at random, small ones sooner than large ones; of those that agree with the
/// elected sign the mean.
///
/// Source: Deep et al., DELLA-Merging (arXiv 2406.11617).
struct DELLA: DELLAMethod {
  static let name = "della"
  static let electsSigns = true
  let settings: MergeSettings
}
