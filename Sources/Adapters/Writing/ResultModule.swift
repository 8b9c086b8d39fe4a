import LinearAlgebra
package import Names
package import Tensors

/// One module of a result: its shape, which is known before a weight is read, and what computes its
/// weights, from any thread and the same each time.
package struct ResultModule: Sendable {
  package enum Content: Sendable {
    /// update = scale · up · down.
    case lowRank(rank: Int, scale: Double, @Sendable () throws -> Factors)

    /// The whole difference, of the shape that its source gives it.
    case dense(Shape, isNorm: Bool, @Sendable () throws -> Matrix)

    /// Nothing but a difference of the bias.
    case biasOnly

    /// A module whose parts stay what they are.
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

  /// Whether the layer's weight lies inputs × outputs in its model.
  package let isTransposed: Bool

  /// What sources call the module, by their naming.
  package let names: [Naming: String]

  /// Which of several experts the module is.
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

  /// The same with other weights.
  package func with(_ content: Content) -> ResultModule {
    var module = self
    module.content = content
    return module
  }

  /// Of a whole difference, 0.
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

  /// Computes ‖asked‖², the bias's included, of weights that are exactly what was asked for.
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
  /// What is to be stored, in 64 bits, and the update that was asked for where the factors times
  /// the module's scale are not exactly it.
  case lowRank(LowRank, asked: LowRank?)

  /// Modules as they are stored, their factors to stand side by side.
  case concatenation([ConcatenatedModule])

  /// What is to be stored, times the module's scale, approximates a whole matrix.
  case approximation(LowRank, of: Matrix)

  /// The factors in 64 bits, and the update asked for where they are not exactly it.
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
    if case .concatenation(let parts) = self { for part in parts { part.module.release() } }
  }
}

/// A module of an input within a concatenation.
package struct ConcatenatedModule: Sendable {
  let module: Module

  /// What up is multiplied by: ±1 where the module has the result's scale.
  let ratio: Double

  /// Where its rows go; `nil` where the layer is the module's own.
  let placement: Placement?

  /// The factors in 64 bits, without the module's scale.
  var factors: LowRank {
    get throws {
      let stored = try module.unscaledFactors()
      let placed = placement?.applied(to: stored) ?? stored
      return LowRank(up: placed.up.scaled(by: ratio), down: placed.down)
    }
  }
}

extension [Double] {
  var squaredNorm: Double { reduce(0) { $0 + $1 * $1 } }
}
