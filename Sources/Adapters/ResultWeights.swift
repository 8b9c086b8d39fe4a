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
  let file: SafetensorsFile

  /// Where the module's rows go; `nil` where the layer is the module's own.
  let placement: Placement?

  /// What up is multiplied by: ±1 where the module has the result's scale.
  let ratio: Double
}

extension ResultWeights.Values {
  /// The factors in 64 bits, and the update asked for where they are not exactly it; `nil` where
  /// there are none, or where what was asked for is whole.
  package func lowRank() throws -> (factors: LowRank, asked: LowRank?)? {
    switch self {
    case .lowRank(let factors, let asked): return (factors, asked)
    case .concatenation(let parts):
      let factors = try parts.map { part in
        let whole = try part.module.unscaledFactors(in: part.file)
        let stored = part.placement?.applied(to: whole) ?? whole
        return LowRank(up: stored.up.scaled(by: part.ratio), down: stored.down)
      }
      return (
        LowRank(up: .joiningColumns(factors.map(\.up)), down: .joiningRows(factors.map(\.down))),
        nil
      )
    case .approximation, .dense, .biasOnly: return nil
    }
  }

  /// Tells the system that stored modules' weights are no longer needed in memory.
  func release() {
    guard case .concatenation(let parts) = self else { return }
    for part in parts {
      for entry in part.module.parts.values { part.file.release(entry) }
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
    case .biasOnly: return ofBias
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
