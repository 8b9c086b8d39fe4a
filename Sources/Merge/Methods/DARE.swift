import Tensors

/// The sum of what is left where elements are dropped at random, and the others made up for them.
///
/// Source: Yu et al., DARE (arXiv 2311.03099).
struct DARE: ElementwiseMethod {
  static let name = "dare"
  static let options: Set<MergeOption> = [.density, .seed, .space]
  static let electsSigns = false
  let settings: MergeSettings

  func pruned(_ term: ElementwiseTerm) -> Matrix {
    keepingRandomly(term.update, density: settings.density, generator: term.generator)
  }
}
