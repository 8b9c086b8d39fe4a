package import Adapters
package import Names

/// The part of a report about ranks that a recipe chose or that relate to a base model.
package struct LayerChoice: Sendable {
  struct Dropped: Sendable {
    let name: String
    let target: Target
    let rank: Int

    /// ‖update‖².
    let squaredNorm: Double
  }

  /// The recipe as the user wrote it; `nil` if another rule chose.
  package let recipe: String?

  /// The lowest score of the kept directions; `nil` if all are kept, or another rule chose.
  let threshold: Double?
  private(set) var dropped: [Dropped] = []

  /// ‖W‖ of the base model's weights.
  private(set) var baseNorms: [Target: Double] = [:]

  package init(recipe: String? = nil, threshold: Double? = nil) {
    self.recipe = recipe
    self.threshold = threshold.flatMap { $0.isFinite ? $0 : nil }
  }

  /// Adds a layer of rank 0, which is left out.
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

  /// The names of the layers that are left out.
  package var leftOut: LeftOut {
    var leftOut = LeftOut()
    for layer in dropped { leftOut.add(layer.name, as: .modules) }
    return leftOut
  }

  /// The error that the left-out layers cause.
  var verification: Verification {
    dropped.reduce(Verification()) {
      $0 + Verification(askedSquared: $1.squaredNorm, errorSquared: $1.squaredNorm)
    }
  }
}
