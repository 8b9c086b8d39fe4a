import ArgumentParser

/// How the inputs' updates become one.
enum MergeMethod: String, CaseIterable, ExpressibleByArgument {
  /// Side by side: exact.
  case concat

  /// The best approximation of the exact sum.
  case svd

  /// The weighted sum, reduced to a rank: `svd` by the name it has elsewhere.
  case linear
  case ties
  case dare
  case dareTies = "dare-ties"
  case magnitudePrune = "magnitude-prune"

  /// Whether the method drops elements of the updates, so that `--density` has a meaning.
  var prunes: Bool {
    switch self {
    case .concat, .svd, .linear: false
    case .ties, .dare, .dareTies, .magnitudePrune: true
    }
  }

  var isRandom: Bool { self == .dare || self == .dareTies }
}
