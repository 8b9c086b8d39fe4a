import Tensors

/// The sum of what is left where elements are dropped at random, and the others made up for them.
///
/// Source: Yu et al., DARE (arXiv 2311.03099).
struct DARE: ElementwiseMethod {
  static let name = "dare"
  static let options: Set<MergeOption> = [.density, .seed, .space]
  let settings: MergeSettings

  func merged(_ terms: [ElementwiseTerm]) -> Matrix {
    weightedSum(
      of: terms.map {
        keepingRandomly($0.update, density: settings.density, generator: $0.generator)
      }, weights: terms.map(\.weight))
  }
}
