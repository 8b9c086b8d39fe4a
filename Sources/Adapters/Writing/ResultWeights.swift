import LinearAlgebra
import Safetensors
package import Tensors

/// The weights of one module of a result.
package struct ResultWeights: Sendable {
  package enum Values: Sendable {
    /// What is to be stored, in 64 bits, and the update that was asked for where the factors times
    /// the form's scale are not exactly it.
    case lowRank(LowRank, asked: LowRank?)

    /// Modules as they are stored, their factors to stand side by side.
    case concatenation([ConcatenatedModule])

    /// What is to be stored times the form's scale approximates a whole matrix.
    case approximation(LowRank, of: Matrix)
    case dense(Matrix)
    case biasOnly

    /// A module whose parts stay what they are.
    case kept(Module)
  }

  package let values: Values
  package let bias: [Double]?

  package init(_ values: Values, bias: [Double]? = nil) {
    self.values = values
    self.bias = bias
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

extension ResultWeights.Values {
  /// The factors in 64 bits, and the update asked for where they are not exactly it; `nil` where
  /// there are none, or where what was asked for is whole.
  package func lowRank() throws -> (factors: LowRank, asked: LowRank?)? {
    switch self {
    case .lowRank(let factors, let asked): return (factors, asked)
    case .concatenation(let parts):
      let factors = try parts.map { try $0.factors }
      return (
        LowRank(up: .joiningColumns(factors.map(\.up)), down: .joiningRows(factors.map(\.down))),
        nil
      )
    case .approximation(let factors, let whole): return (factors, Update.dense(whole).lowRank)
    case .dense, .biasOnly, .kept: return nil
    }
  }

  /// Tells the system that stored modules' weights are no longer needed in memory.
  func release() {
    switch self {
    case .concatenation(let parts): for part in parts { part.module.release() }
    case .kept(let module): module.release()
    case .lowRank, .dense, .approximation, .biasOnly: break
    }
  }
}

extension ResultWeights {
  /// ‖asked‖², the bias's included, of weights whose factors times a scale are what was asked for,
  /// without that scale.
  func askedSquared(scale: Double) throws -> Double {
    let ofBias = bias?.squaredNorm ?? 0
    switch values {
    case .dense(let whole), .approximation(_, let whole): return ofBias + whole.squaredNorm
    case .biasOnly, .kept: return ofBias
    case .lowRank, .concatenation:
      guard let (factors, asked) = try values.lowRank() else { return ofBias }
      if let asked { return ofBias + squaredNorm(ofProduct: asked.up, asked.down) }
      return ofBias + squaredNorm(ofProduct: factors.up, factors.down) * scale * scale
    }
  }
}

extension [Double] {
  var squaredNorm: Double { reduce(0) { $0 + $1 * $1 } }
}
