import Glibc

/// The references that recipes compare a layer's singular values with.
struct LayerReferences: Sendable {
  /// The singular values of the update, scale included, largest first, without zeros.
  let values: [Double]

  /// The number of elements per rank.
  let elementsPerRank: Int

  /// The spectral norm of the base model's weight; `nil` if no recipe needs it.
  var spectralOfBase: Double?
  var frobeniusOfBase: Double?

  /// |uᵢᵀ·W·vᵢ| for each of the values.
  var subspace: [Double]?

  /// The reference for the value at `index`.
  fileprivate func value(_ reference: Recipe.Reference, _ index: Int) -> Double {
    switch reference {
    case .spectralOfBase: spectralOfBase ?? 1
    case .frobeniusOfBase: frobeniusOfBase ?? 1
    case .spectral: values.first ?? 1
    case .frobenius: values.reduce(0) { $0 + $1 * $1 }.squareRoot()
    case .subspace: subspace?[index] ?? 1
    case .parameters: Double(elementsPerRank)
    }
  }
}

extension Recipe {
  /// The score of each value; infinite where the reference is zero.
  func scores(of layer: LayerReferences) -> [Double] {
    let common = Reference.allCases.filter { $0 != .subspace }.reduce(0.0) { sum, reference in
      guard let weight = weights[reference], !layer.values.isEmpty else { return sum }
      return sum + weight * log10(layer.value(reference, 0))
    }
    return layer.values.indices.map { index in
      let own = weights[.subspace].map { $0 * log10(layer.value(.subspace, index)) } ?? 0
      return log10(rescale * layer.values[index]) - common - own
    }
  }

  /// Selects the values to keep in each layer.
  ///
  /// A size is filled with the greatest scores of all layers; the value that reaches the size is
  /// kept, as in resize_lora.
  ///
  /// - Parameter bytesPerElement: The size of an element of the result.
  /// - Returns: The indices of the kept values, and the lowest score among them.
  func selection(
    of layers: [LayerReferences], bytesPerElement: Int
  ) -> (kept: [[Int]], threshold: Double) {
    let scores = layers.map { self.scores(of: $0) }
    let threshold =
      switch selection {
      case .threshold(let threshold): threshold
      case .size(let mebibytes):
        threshold(
          scores, costs: layers.map { Double($0.elementsPerRank * bytesPerElement) },
          bytes: mebibytes * 0x1p20)
      }
    return (scores.map { $0.indices(where: { $0 >= threshold }) }, threshold)
  }

  private func threshold(_ scores: [[Double]], costs: [Double], bytes: Double) -> Double {
    var all = zip(scores, costs).flatMap { scores, cost in scores.map { (score: $0, cost: cost) } }
    all.sort { ($0.score, $1.cost) > ($1.score, $0.cost) }
    var sum = 0.0
    for item in all {
      sum += item.cost
      if sum >= bytes { return item.score }
    }
    return -.infinity
  }
}

extension [Double] {
  fileprivate func indices(where isKept: (Double) -> Bool) -> [Int] {
    indices.filter { isKept(self[$0]) }
  }
}
