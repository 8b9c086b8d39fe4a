import Tensors

/// The sum of each update's largest elements.
///
/// Source: PEFT's `magnitude_prune`.
struct MagnitudePrune: ElementwiseMethod {
  static let name = "magnitude-prune"
  static let options: Set<MergeOption> = [.density, .space]
  static let electsSigns = false
  let settings: MergeSettings

  func pruned(_ term: ElementwiseTerm) -> Matrix {
    keepingLargest(term.update, density: settings.density)
  }
}
