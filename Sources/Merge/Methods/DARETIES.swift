import Tensors

/// Drops elements at random as DARE does, then takes the mean of those that agree with the elected
/// sign as TIES does.
struct DARETIES: ElementwiseMethod {
  static let name = "dare-ties"
  static let options: Set<MergeOption> = [.density, .seed, .space]
  static let electsSigns = true
  let settings: MergeSettings

  func pruned(_ term: ElementwiseTerm) -> Matrix {
    keepingRandomly(term.update, density: settings.density, generator: term.generator)
  }
}
