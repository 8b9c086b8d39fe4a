import Tensors

/// The largest elements of each update; of those that agree with the elected sign the mean.
///
/// Source: Yadav et al., TIES-Merging (arXiv 2306.01708).
struct TIES: ElementwiseMethod {
  static let name = "ties"
  static let options: Set<MergeOption> = [.density, .space]
  static let electsSigns = true
  let settings: MergeSettings

  func pruned(_ term: ElementwiseTerm) -> Matrix {
    keepingLargest(term.update, density: settings.density)
  }
}
