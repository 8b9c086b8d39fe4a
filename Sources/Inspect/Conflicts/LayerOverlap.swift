import Adapters
import LinearAlgebra
import Names
import Tensors

/// How much the updates of one layer by several adapters overlap.
struct LayerOverlap: Sendable {
  struct Pair: Sendable {
    /// ⟨Δᵢ, Δⱼ⟩.
    let innerProduct: Double

    /// ‖QᵢᵀQⱼ‖², the sum of the squared cosines of the principal angles, for both spaces.
    let outputs: Double
    let inputs: Double

    /// The maximum of each of the two: the smaller rank.
    let dimensions: Double

    /// The value of each of them for unrelated spaces.
    let outputChance: Double
    let inputChance: Double
  }

  let block: Block

  /// ‖Δᵢ‖² of each adapter; `nil` if it does not change the layer.
  let squaredNorms: [Double?]

  /// The values of every two adapters that change the layer, by their indices, the smaller first.
  let pairs: [PairKey: Pair]

  /// The indices of two files, the smaller first.
  struct PairKey: Hashable, Comparable, Sendable {
    let first: Int
    let second: Int

    static func < (a: PairKey, b: PairKey) -> Bool { (a.first, a.second) < (b.first, b.second) }
  }
}

extension LayerOverlap {
  /// Compares the updates of a layer; no update is formed.
  ///
  /// The inner products of all factors are sufficient: ⟨Δᵢ, Δⱼ⟩ = Σ (UᵢᵀUⱼ)∘(DᵢDⱼᵀ), and Cholesky
  /// factors of UᵢᵀUᵢ turn them into those of orthonormal bases. They are computed in 64 bits up to
  /// 128 ranks, and above that in 32, which is half the work.
  ///
  /// - Complexity: O((m + n)·R²) for R ranks of all adapters together.
  init(_ layer: Combination.Layer, count: Int) throws {
    defer { layer.release() }
    let inputs = Set(layer.terms.filter(\.changesWeight).map(\.input)).sorted()
    let grams = try LayerGrams(layer, inputs: inputs)
    block = Block(of: layer.target)
    var norms = [Double?](repeating: nil, count: count)
    for (index, input) in inputs.enumerated() { norms[input] = grams.innerProduct(index, index) }
    squaredNorms = norms
    let (outputs, columns) = (Double(layer.extents.outputs), Double(layer.extents.columns))
    var pairs: [PairKey: Pair] = [:]
    for i in inputs.indices {
      for j in inputs.indices.dropFirst(i + 1) {
        let (first, second) = (grams.ranks[i].count, grams.ranks[j].count)
        let ranks = Double(first * second)
        pairs[PairKey(first: inputs[i], second: inputs[j])] = Pair(
          innerProduct: grams.innerProduct(i, j), outputs: grams.sharedOutputs(i, j),
          inputs: grams.sharedInputs(i, j), dimensions: Double(min(first, second)),
          outputChance: ranks / outputs, inputChance: ranks / columns)
      }
    }
    self.pairs = pairs
  }
}
