package import Adapters
package import Names

/// What a report says of ranks that were chosen by a recipe or beside a base model.
package struct LayerChoice: Sendable {
  struct Dropped: Sendable {
    let name: String
    let target: Target
    let rank: Int

    /// ‖update‖².
    let squaredNorm: Double
  }

  /// The recipe as it was given; `nil` where another rule chose.
  package let recipe: String?

  /// The score from which on directions are kept; `nil` where all are, or another rule chose.
  let threshold: Double?
  private(set) var dropped: [Dropped] = []

  /// ‖W‖ of the base model's weights.
  private(set) var baseNorms: [Target: Double] = [:]

  package init(recipe: String? = nil, threshold: Double? = nil) {
    self.recipe = recipe
    self.threshold = threshold.flatMap { $0.isFinite ? $0 : nil }
  }

  /// A layer of rank 0, which is left out.
  package mutating func addDropped(
    _ name: String, _ target: Target, rank: Int, squaredNorm: Double
  ) {
    dropped.append(Dropped(name: name, target: target, rank: rank, squaredNorm: squaredNorm))
  }

  package mutating func add(baseNorm: Double?, of target: Target) {
    if let baseNorm { baseNorms[target] = baseNorm }
  }

  package mutating func add(baseNorms: [Target: Double]) {
    self.baseNorms.merge(baseNorms) { first, _ in first }
  }

  /// What is left out, for those who list it.
  package var leftOut: LeftOut {
    var leftOut = LeftOut()
    for layer in dropped { leftOut.add(layer.name, as: .modules) }
    return leftOut
  }

  /// The figures of what is left out.
  var verification: Verification {
    dropped.reduce(Verification()) {
      $0 + Verification(askedSquared: $1.squaredNorm, errorSquared: $1.squaredNorm)
    }
  }
}
