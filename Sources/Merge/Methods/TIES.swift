import Tensors

/// Keeps the largest elements of each update, then takes the mean of those that agree with the
/// elected sign.
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
