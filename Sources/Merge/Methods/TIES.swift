import Tensors

/// The largest elements of each update; of those that agree with the elected sign the mean.
///
/// Source: Yadav et al., TIES-Merging (arXiv 2306.01708).
struct TIES: ElementwiseMethod {
  static let name = "ties"
  static let options: Set<MergeOption> = [.density, .space]
  let settings: MergeSettings

  func merged(_ terms: [ElementwiseTerm]) -> Matrix {
    disjointMean(
      of: terms.map { keepingLargest($0.update, density: settings.density) },
      weights: terms.map(\.weight))
  }
}
