import LinearAlgebra
package import Names
package import Tensors

// Changes the weights of a sum, and computes the inner products that weights are chosen by.

extension Combination {
  /// Returns the same sum with each input's weight in each layer multiplied by a factor.
  package func reweighted(
    _ factor: (_ input: Int, _ target: Target) throws -> Double
  ) rethrows -> Combination {
    var result = self
    for layer in layers.indices {
      for term in layers[layer].terms.indices {
        result.layers[layer].terms[term].weight *= try factor(
          layers[layer].terms[term].input, layers[layer].target)
      }
    }
    for term in tokenTerms.indices {
      result.tokenTerms[term].weight *= try factor(
        tokenTerms[term].input, tokenTerms[term].rows.target)
    }
    return result
  }

  /// Returns the same sum with all weights multiplied by a factor.
  package func scaled(by factor: Double) -> Combination {
    var result = reweighted { _, _ in factor }
    for input in inputs.indices { result.inputs[input].weight *= factor }
    for layer in layers.indices {
      for term in layers[layer].terms.indices {
        result.layers[layer].terms[term].inputWeight *= factor
      }
    }
    return result
  }

  /// The inner products of the inputs' updates, layer by layer; see `Layer.innerProducts(inputs:)`.
  package func innerProducts(
    threads: Int, onLayer: @Sendable () -> Void = {}
  ) throws -> [Matrix] {
    try parallelMap(count: layers.count, threads: threads) { index in
      defer {
        layers[index].release()
        onLayer()
      }
      return try layers[index].innerProducts(inputs: inputs.count)
    }
  }
}

extension Combination.Layer {
  /// The inner products of every two inputs' updates of the layer: inputs × inputs.
  ///
  /// Weights and biases are included. The diagonal holds the squared norms; the sum of all elements
  /// is the squared norm of the sum.
  ///
  /// - Throws: `.notFinite` where one of the updates holds NaN or an infinity.
  /// - Complexity: O((m + n)·R²) for a sum of rank R; a full matrix is formed only if one is
  ///   stored.
  package func innerProducts(inputs count: Int) throws -> Matrix {
    var products = Matrix(zeros: count, count)
    let present = Set(terms.map(\.input)).sorted()
    if isDense {
      let updates = try present.map { try difference(of: $0).elements }
      products.add(present) { i, j in zip(updates[i], updates[j]).reduce(0) { $0 + $1.0 * $1.1 } }
    } else {
      let updates = try present.map { try sum(of: $0) }
      products.add(present) { i, j in
        innerProduct(updates[i].up, updates[i].down, updates[j].up, updates[j].down)
      }
    }
    if biasCount != nil {
      let biases = try present.map { try bias(of: $0) ?? [] }
      products.add(present) { i, j in zip(biases[i], biases[j]).reduce(0) { $0 + $1.0 * $1.1 } }
    }
    return products
  }

  /// One input's update of the layer's weight without the input's weight, and that weight.
  ///
  /// - Returns: `nil` where the input adds nothing. If the input's weight differs within the layer,
  ///   the weighted update and 1.
  package func update(of input: Int) throws -> (update: LowRank, weight: Double)? {
    let own = terms.filter { $0.input == input && $0.weight != 0 && $0.changesWeight }
    guard let weight = own.first?.weight else { return nil }
    let isUniform = own.allSatisfy { $0.weight == weight }
    let parts = try own.map {
      try (isUniform ? $0.unweightedUpdate() : $0.update()).lowRank
    }
    let update =
      parts.count == 1
      ? parts[0]
      : LowRank(up: .joiningColumns(parts.map(\.up)), down: .joiningRows(parts.map(\.down)))
    return (update, isUniform ? weight : 1)
  }
}

extension Matrix {
  /// Adds the inner products of every two of the inputs, symmetrically, at the inputs' places.
  fileprivate mutating func add(_ inputs: [Int], _ product: (Int, Int) -> Double) {
    for i in inputs.indices {
      for j in i..<inputs.count {
        let value = product(i, j)
        self[inputs[i], inputs[j]] += value
        if i != j { self[inputs[j], inputs[i]] += value }
      }
    }
  }
}
