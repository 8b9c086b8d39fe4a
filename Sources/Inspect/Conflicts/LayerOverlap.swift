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
  /// Takes the updates apart into orthonormal bases and what stands between them; no update is
  /// formed.
  ///
  /// - Complexity: O((m + n)·R²) for R ranks of all adapters together.
  init(_ layer: Combination.Layer, count: Int) throws {
    defer { layer.release() }
    block = Block(of: layer.target)
    let inputs = Set(layer.terms.filter(\.changesWeight).map(\.input)).sorted()
    let products = try inputs.map { input in
      let factors = try layer.sum(of: input)
      return try OrthonormalProduct(of: factors.up, factors.down)
    }
    var norms = [Double?](repeating: nil, count: count)
    for (input, product) in zip(inputs, products) { norms[input] = product.squaredNorm }
    squaredNorms = norms
    guard inputs.count > 1 else {
      pairs = [:]
      return
    }
    let (outputs, columns) = (layer.extents.outputs, layer.extents.columns)
    let lefts = gramOfRows(of: products.map(\.leftRows))
    let rights = gramOfRows(of: products.map(\.rightRows))
    var starts = [0]
    for product in products { starts.append((starts.last ?? 0) + product.rank) }
    var pairs: [PairKey: Pair] = [:]
    for i in inputs.indices {
      for j in inputs.indices.dropFirst(i + 1) {
        let (rows, others) = (starts[i]..<starts[i + 1], starts[j]..<starts[j + 1])
        let left = lefts.rows(in: rows).columns(in: others)
        let right = rights.rows(in: rows).columns(in: others)
        let moved = product(product(products[i].core, right), transposed: products[j].core)
        let ranks = Double(rows.count * others.count)
        pairs[PairKey(first: inputs[i], second: inputs[j])] = Pair(
          innerProduct: zip(left.elements, moved.elements).reduce(0) { $0 + $1.0 * $1.1 },
          outputs: left.squaredNorm, inputs: right.squaredNorm,
          dimensions: Double(min(rows.count, others.count)),
          outputChance: ranks / Double(outputs), inputChance: ranks / Double(columns))
      }
    }
    self.pairs = pairs
  }
}
