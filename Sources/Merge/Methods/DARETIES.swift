import Tensors

/// Elements dropped at random, as DARE does; of those that agree with the elected sign the mean, as
/// TIES does.
struct DARETIES: ElementwiseMethod {
  static let name = "dare-ties"
  static let options: Set<MergeOption> = [.density, .seed, .space]
  let settings: MergeSettings

  func merged(_ terms: [ElementwiseTerm]) -> Matrix {
    disjointMean(
      of: terms.map {
        keepingRandomly($0.update, density: settings.density, generator: $0.generator)
      }, weights: terms.map(\.weight))
  }
}
