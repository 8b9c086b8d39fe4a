import Tensors

/// The sum of what is left where elements are dropped at random, small ones sooner than large ones:
/// DELLA without its election, as mergekit's `della_linear`.
struct DELLALinear: DELLAMethod {
  static let name = "della-linear"
  let settings: MergeSettings

  func merged(_ terms: [ElementwiseTerm]) -> Matrix {
    weightedSum(of: pruned(terms), weights: terms.map(\.weight))
  }
}
