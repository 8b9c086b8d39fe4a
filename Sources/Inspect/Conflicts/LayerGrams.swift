import Adapters
import LinearAlgebra
import Tensors

/// The inner products between the outputs, and between the inputs, of several products in one
/// layer.
struct LayerGrams {
  /// The rows of the Gram matrices that belong to each product.
  let ranks: [Range<Int>]

  /// The Gram matrices of orthonormal bases of the column spaces and of the row spaces.
  private let outputs: Matrix
  private let inputs: Matrix

  /// ⟨Δᵢ, Δⱼ⟩ of every two products.
  private let innerProducts: Matrix

  /// - Parameter inputs: The inputs that change the layer.
  init(_ layer: Combination.Layer, inputs: [Int]) throws {
    let total = layer.terms.reduce(0) { $0 + $1.expandedRank }
    let stored = total > 128 ? inputs.compactMap { layer.storedFactors(of: $0) } : []
    if stored.count == inputs.count, let grams = try LayerGrams(stacking: stored, layer.extents) {
      self = grams
    } else {
      try self.init(orthonormalizing: inputs.map { try layer.sum(of: $0) })
    }
  }

  /// Uses the factors' own inner products; `nil` if a factor's vectors are nearly dependent.
  private init?(stacking factors: [StoredFactors], _ extents: Module.Extents) throws {
    let sizes = factors.map(\.rank)
    let up = FactorStack(columns: factors.map(\.ups), of: extents.outputs).gram
    let down = FactorStack(rows: factors.map(\.downs), of: extents.columns).gram
    let isFinite = (0..<up.rows).allSatisfy { up[$0, $0].isFinite && down[$0, $0].isFinite }
    if !isFinite { for factor in factors { try factor.checkFinite() } }
    guard let outputs = orthonormalizedGram(up, sizes: sizes),
      let inputs = orthonormalizedGram(down, sizes: sizes)
    else { return nil }
    (self.outputs, self.inputs) = (outputs, inputs)
    let ranks = Self.ranges(sizes)
    innerProducts = Self.innerProducts(ranks) { i, j in
      Self.sum(up, down, ranks[i], ranks[j]) * factors[i].factor * factors[j].factor
    }
    self.ranks = ranks
  }

  /// Computes orthonormal bases first, in 64 bits.
  private init(orthonormalizing factors: [LowRank]) throws {
    let products = try factors.map { try OrthonormalProduct(of: $0.up, $0.down) }
    let ranks = Self.ranges(products.map(\.rank))
    let outputs = gramOfRows(.joiningRows(products.map(\.leftRows)))
    let inputs = gramOfRows(.joiningRows(products.map(\.rightRows)))
    innerProducts = Self.innerProducts(ranks) { i, j in
      if i == j { return products[i].squaredNorm }
      let right = inputs.rows(in: ranks[i]).columns(in: ranks[j])
      let moved = product(product(products[i].core, right), transposed: products[j].core)
      let left = outputs.rows(in: ranks[i]).columns(in: ranks[j])
      return zip(left.elements, moved.elements).reduce(0) { $0 + $1.0 * $1.1 }
    }
    (self.ranks, self.outputs, self.inputs) = (ranks, outputs, inputs)
  }

  private static func ranges(_ sizes: [Int]) -> [Range<Int>] {
    var start = 0
    return sizes.map { size in
      defer { start += size }
      return start..<start + size
    }
  }

  private static func innerProducts(
    _ ranks: [Range<Int>], _ value: (Int, Int) -> Double
  ) -> Matrix {
    var result = Matrix(zeros: ranks.count, ranks.count)
    for i in ranks.indices {
      for j in i..<ranks.count { result[i, j] = value(i, j) }
    }
    return result
  }

  /// The sum of the element-wise products of two matrices, over one block.
  private static func sum(
    _ a: Matrix, _ b: Matrix, _ rows: Range<Int>, _ columns: Range<Int>
  ) -> Double {
    let width = a.columns
    return unsafe a.elements.withUnsafeBufferPointer { a in
      unsafe b.elements.withUnsafeBufferPointer { b in
        var sum = 0.0
        for row in rows {
          for index in row * width + columns.lowerBound..<row * width + columns.upperBound {
            sum += unsafe a[index] * b[index]
          }
        }
        return sum
      }
    }
  }

  /// ⟨Δᵢ, Δⱼ⟩ for i ≤ j.
  func innerProduct(_ i: Int, _ j: Int) -> Double { innerProducts[i, j] }

  /// ‖QᵢᵀQⱼ‖² of the column spaces' orthonormal bases, for an i before j.
  func sharedOutputs(_ i: Int, _ j: Int) -> Double {
    Self.sum(outputs, outputs, ranks[i], ranks[j])
  }

  /// ‖PᵢPⱼᵀ‖² of the row spaces' orthonormal bases.
  func sharedInputs(_ i: Int, _ j: Int) -> Double { Self.sum(inputs, inputs, ranks[i], ranks[j]) }
}
