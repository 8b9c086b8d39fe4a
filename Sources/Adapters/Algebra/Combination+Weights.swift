import LinearAlgebra
package import Names
package import Tensors

// A sum with other weights, and what the weights are chosen by.

extension Combination {
  /// The same sum, the weight of each input in each layer times a factor.
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

  /// The same sum, all weights times a factor.
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

  /// The inner products of what the inputs add to each layer; see `Layer.innerProducts(inputs:)`.
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
  /// The inner products of what each two of the inputs add to the layer: inputs × inputs.
  ///
  /// Weights and biases are included. The squares of the norms are the diagonal; that of the sum's
  /// norm is the sum of all elements.
  ///
  /// - Throws: `.notFinite` where one of the updates holds NaN or an infinity.
  /// - Complexity: O((m + n)·R²) for a sum of rank R; no update is formed, unless one is stored so.
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

  /// What one input adds to the layer's weight without the input's weight, and that weight.
  ///
  /// - Returns: `nil` where the input adds nothing. Where its weight differs within the layer, the
  ///   weighted update and 1.
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
  /// Adds the products of each two of some inputs, symmetric, at the inputs' places.
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
