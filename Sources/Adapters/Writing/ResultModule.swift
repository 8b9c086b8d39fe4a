import LinearAlgebra
package import Names
package import Tensors

/// One module of a result: its shape, known before a weight is read, and the closure that computes
/// its weights, from any thread and with equal results each time.
package struct ResultModule: Sendable {
  package enum Content: Sendable {
    /// update = scale · up · down.
    case lowRank(rank: Int, scale: Double, @Sendable () throws -> Factors)

    /// A full difference, in the shape of its source.
    case dense(Shape, isNorm: Bool, @Sendable () throws -> Matrix)

    /// Only a difference of the bias.
    case biasOnly

    /// A module whose parts keep their meaning.
    case kept(Module, KeptForm)

    /// The experts of one parameter, `count` of them, side by side.
    case experts([ResultModule], count: Int)
  }

  /// A difference of the layer's bias.
  package struct Bias: Sendable {
    let count: Int
    let values: @Sendable () throws -> [Double]

    package init(count: Int, values: @escaping @Sendable () throws -> [Double]) {
      self.count = count
      self.values = values
    }
  }

  package let target: Target
  package let extents: Module.Extents
  package let kind: Module.Kind
  package private(set) var content: Content
  package let bias: Bias?

  /// Whether the model stores the layer's weight as inputs × outputs.
  package let isTransposed: Bool

  /// The sources' names of the module, by naming.
  package let names: [Naming: String]

  /// The expert that the module belongs to.
  let expert: Module.Expert?

  package init(
    target: Target, extents: Module.Extents, kind: Module.Kind, content: Content,
    bias: Bias? = nil, isTransposed: Bool = false, names: [Naming: String] = [:],
    expert: Module.Expert? = nil
  ) {
    self.expert = expert
    self.target = target
    self.extents = extents
    self.kind = kind
    self.content = content
    self.bias = bias
    self.isTransposed = isTransposed
    self.names = names
  }

  /// The module with other content.
  package func with(_ content: Content) -> ResultModule {
    var module = self
    module.content = content
    return module
  }

  /// The rank; 0 for a full difference.
  package var rank: Int {
    switch content {
    case .lowRank(let rank, _, _): rank
    case .kept(_, let form): form.rank
    case .experts(let members, _): members.map(\.rank).max() ?? 0
    case .dense, .biasOnly: 0
    }
  }

  package var scale: Double {
    if case .lowRank(_, let scale, _) = content { scale } else { 1 }
  }

  /// Computes ‖asked‖², bias included, for weights that equal the exact result.
  func askedSquared() throws -> Double {
    let ofBias = try bias?.values().squaredNorm ?? 0
    switch content {
    case .biasOnly, .kept: return ofBias
    case .experts(let members, _): return try members.reduce(0) { $0 + (try $1.askedSquared()) }
    case .dense(_, _, let whole): return ofBias + (try whole().squaredNorm)
    case .lowRank(_, let scale, let factors):
      switch try factors() {
      case .approximation(_, let whole): return ofBias + whole.squaredNorm
      case let factors:
        let (product, asked) = try factors.product()
        if let asked { return ofBias + squaredNorm(ofProduct: asked.up, asked.down) }
        return ofBias + squaredNorm(ofProduct: product.up, product.down) * scale * scale
      }
    }
  }
}

/// The factors of a module of a result.
package enum Factors: Sendable {
  /// The factors to store, in 64 bits, and the exact update if the factors times the module's scale
  /// differ from it.
  case lowRank(LowRank, asked: LowRank?)

  /// Stored modules whose factors are put side by side.
  case concatenation([ConcatenatedModule])

  /// Factors to store that, times the module's scale, approximate a full matrix.
  case approximation(LowRank, of: Matrix)

  /// The factors in 64 bits, and the exact update if they differ from it.
  package func product() throws -> (factors: LowRank, asked: LowRank?) {
    switch self {
    case .lowRank(let factors, let asked): return (factors, asked)
    case .concatenation(let parts):
      let factors = try parts.map { try $0.factors }
      let joined = LowRank(
        up: .joiningColumns(factors.map(\.up)), down: .joiningRows(factors.map(\.down)))
      return (joined, nil)
    case .approximation(let factors, let whole): return (factors, Update.dense(whole).lowRank)
    }
  }

  /// Tells the system that stored modules' weights are no longer needed in memory.
  func release() {
    if case .concatenation(let parts) = self { for part in parts { part.release() } }
  }
}

/// A module of an input within a concatenation.
package struct ConcatenatedModule: Sendable {
  let module: Module

  /// The factor of up: ±1 if the module has the result's scale.
  let ratio: Double

  /// Where its rows go; `nil` where the module and the layer have the same rows.
  let placement: Placement?

  /// Modules with equal down and scale that change other rows of the layer.
  let others: [(module: Module, placement: Placement)]

  /// The factors in 64 bits, without the module's scale.
  var factors: LowRank {
    get throws {
      let stored = try module.unscaledFactors()
      let placed = placement?.applied(to: stored) ?? stored
      let up = try others.reduce(placed.up) { up, other in
        up + other.placement.applied(to: try other.module.unscaledFactors().up)
      }
      return LowRank(up: up.scaled(by: ratio), down: placed.down)
    }
  }

  /// Tells the system that the weights are no longer needed in memory.
  func release() {
    module.release()
    for other in others { other.module.release() }
  }
}

extension [Double] {
  var squaredNorm: Double { reduce(0) { $0 + $1 * $1 } }
}
