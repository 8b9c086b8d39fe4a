package import LinearAlgebra
import QuantizedWeights
import Safetensors
import Tensors

/// The factors of an update as they are stored, read in 32 bits where they are needed.
package struct StoredFactors: Sendable {
  private let module: Module
  private let upEntry: Header.Entry
  private let downEntry: Header.Entry

  /// The factor that up·down is multiplied by.
  package let factor: Double

  fileprivate init?(_ module: Module, weight: Double) {
    guard let up = module.parts[.up]?.entry, let down = module.parts[.down]?.entry,
      up.type.bitCount % 8 == 0, down.type.bitCount % 8 == 0
    else { return nil }
    (self.module, upEntry, downEntry) = (module, up, down)
    factor = weight * module.scale
  }

  package var rank: Int { module.rank }

  /// The columns of up, which is outputs × rank.
  package var ups: FactorVectors { vectors(of: upEntry) }

  /// The rows of down, which is rank × columns.
  package var downs: FactorVectors { vectors(of: downEntry) }

  private func vectors(of entry: Header.Entry) -> FactorVectors {
    let file = module.file
    return FactorVectors(count: rank) { file.floats(of: entry, $0) }
  }

  /// Throws where an element is NaN or infinite.
  package func checkFinite() throws {
    for entry in [upEntry, downEntry] where try !module.file.floats(entry).allSatisfy(\.isFinite) {
      throw AdapterError(file: module.file.path, reason: .notFinite(module: module.name))
    }
  }
}

extension Combination.Layer {
  /// The factors of one input; `nil` unless they are one plain product in the layer's own layout with
  /// elements of at most 32 bits.
  package func storedFactors(of input: Int) -> StoredFactors? {
    let own = terms.filter { $0.input == input && $0.weight != 0 && $0.changesWeight }
    guard own.count == 1, let term = own.first, term.placement == nil, !term.dependsOnBase,
      term.module.isPlainProduct
    else { return nil }
    return StoredFactors(term.module, weight: term.weight)
  }
}

extension Module {
  fileprivate var isPlainProduct: Bool {
    algorithm.isProduct && !isTucker && !naming.isTransposed && expert == nil && !isStill
      && type.bitCount <= 32
  }
}
