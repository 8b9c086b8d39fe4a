import Safetensors
import Tensors

/// The factors of an update as stored, in 32 bits.
package struct StoredFactors: Sendable {
  /// Outputs × rank, row-major.
  package let up: [Float]

  /// Rank × columns.
  package let down: [Float]
  package let rank: Int

  /// The factor that up·down is multiplied by.
  package let factor: Double
}

extension Combination.Layer {
  /// Reads one input's factors of the layer; `nil` unless they are one plain product in the layer's
  /// own layout with elements of at most 32 bits.
  package func storedFactors(of input: Int) throws -> StoredFactors? {
    let own = terms.filter { $0.input == input && $0.weight != 0 && $0.changesWeight }
    guard own.count == 1, let term = own.first, term.placement == nil, !term.dependsOnBase,
      term.module.isPlainProduct, let up = term.module.parts[.up]?.entry,
      let down = term.module.parts[.down]?.entry
    else { return nil }
    let (file, rank) = (term.module.file, term.module.rank)
    let factors = StoredFactors(
      up: try file.floats(up), down: try file.floats(down), rank: rank,
      factor: term.weight * term.module.scale)
    guard factors.up.allSatisfy(\.isFinite), factors.down.allSatisfy(\.isFinite) else {
      throw AdapterError(file: file.path, reason: .notFinite(module: term.module.name))
    }
    return factors
  }
}

extension Module {
  fileprivate var isPlainProduct: Bool {
    algorithm.isProduct && !isTucker && !naming.isTransposed && expert == nil && !isStill
      && type.bitCount <= 32
  }
}
