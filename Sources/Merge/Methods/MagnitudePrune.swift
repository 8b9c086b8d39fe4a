import Tensors

/// The sum of each update's largest elements.
///
/// Source: PEFT's `magnitude_prune`.
struct MagnitudePrune: ElementwiseMethod {
  static let name = "magnitude-prune"
  static let options: Set<MergeOption> = [.density, .space]
  let settings: MergeSettings

  func merged(_ terms: [ElementwiseTerm]) -> Matrix {
    weightedSum(
      of: terms.map { keepingLargest($0.update, density: settings.density) },
      weights: terms.map(\.weight))
  }
}
