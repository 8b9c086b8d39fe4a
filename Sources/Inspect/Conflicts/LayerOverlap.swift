import Adapters
import LinearAlgebra
import Names
import Tensors

/// How the updates that several adapters make to one layer lie to each other.
struct LayerOverlap: Sendable {
  struct Pair: Sendable {
    /// ⟨Δᵢ, Δⱼ⟩.
    let innerProduct: Double

    /// ‖QᵢᵀQⱼ‖², the sum of the squared cosines of the principal angles, of both spaces.
    let outputs: Double
    let inputs: Double

    /// The most that each of the two can be: the lesser rank.
    let dimensions: Double

    /// What each of them is for spaces that have nothing to do with each other.
    let outputChance: Double
    let inputChance: Double
  }

  let block: Block

  /// ‖Δᵢ‖² of each adapter; `nil` where it leaves the layer.
  let squaredNorms: [Double?]

  /// By the places of two adapters, the first before the second; those that leave the layer have
  /// none.
  let pairs: [PairKey: Pair]

  /// The places of two files, the first before the second.
  struct PairKey: Hashable, Comparable, Sendable {
    let first: Int
    let second: Int

    static func < (a: PairKey, b: PairKey) -> Bool { (a.first, a.second) < (b.first, b.second) }
  }
}

extension LayerOverlap {
  /// Compares what some adapters do to a layer; no update is formed.
  ///
  /// The inner products of all factors tell all: ⟨Δᵢ, Δⱼ⟩ = Σ (UᵢᵀUⱼ)∘(DᵢDⱼᵀ), and with Cholesky's
  /// factors of UᵢᵀUᵢ they are those of orthonormal bases. Up to 128 ranks they are taken in 64
  /// bits, of more in 32, which is half the work.
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
