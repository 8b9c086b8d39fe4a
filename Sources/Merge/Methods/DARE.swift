import Tensors

/// The sum of updates whose elements are dropped at random, with the remaining ones scaled up.
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
