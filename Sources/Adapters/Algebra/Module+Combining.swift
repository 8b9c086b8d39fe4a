package import LinearAlgebra
import Safetensors
import Tensors

// The properties of a module that a sum needs.

extension Module {
  /// The factors of the update without its scale.
  ///
  /// - Throws: `.notFinite` where they hold NaN or an infinity.
  func unscaledFactors() throws -> LowRank {
    let update = try update()
    guard update.isFinite else {
      throw AdapterError(file: file.path, reason: .notFinite(module: name))
    }
    if case .scaled(let inner, _) = update { return inner.lowRank }
    return update.lowRank
  }

  /// Whether the module's update depends on the base model's weights.
  package var needsBase: Bool { !algorithm.hasUpdate || parts[.magnitude] != nil }

  /// Whether the update is the stored up·down and nothing else.
  var isBareProduct: Bool {
    algorithm.isProduct && !isTucker && !naming.isTransposed && parts[.up] != nil
  }

  /// Whether the module changes more than the bias.
  package var changesWeight: Bool {
    let others: Set<Part> = [.biasDifference, .normBiasDifference, .alpha, .bias]
    return !others.isSuperset(of: parts.keys)
  }

  /// The stored shape of a full difference; `nil` where there is none.
  var wholeShape: Shape? {
    (parts[.weightDifference] ?? parts[.normWeightDifference] ?? parts[.weight])?.shape
  }

  /// The number of elements of the bias that the module adds to; `nil` where it leaves the bias.
  package var biasCount: Int? {
    (parts[.biasDifference] ?? parts[.normBiasDifference] ?? parts[.bias])?.elementCount
  }

  /// The rank of the update as one product, computed from the shapes alone.
  package var expandedRank: Int { algorithm.expandedRank(of: self) }
}

extension Adapter {
  /// The first module that lacks a part, with that part; an alpha without factors does not count.
  var missingPart: (module: String, part: String)? {
    for entry in orphans {
      guard let name = PartName(entry.name.string), name.part != .alpha else { continue }
      let counterpart =
        switch name.part {
        case .up: "down"
        case .down: "up"
        default: "counterpart to \(entry.name)"
        }
      return (name.module, counterpart)
    }
    return nil
  }
}

// Distances between products, computed without forming them.

/// ‖A − B‖² of two products of equal rank whose factors are close to each other.
///
/// A − B = (U₁ − U₂)D₁ + U₂(D₁ − D₂) avoids cancellation: equal products give exactly 0, and so do
/// terms that cancel within both products.
package func squaredDifference(_ a: LowRank, _ b: LowRank) -> Double {
  let (ups, downs) = (a.up - b.up, a.down - b.down)
  let differUps = ups.elements.contains { $0 != 0 }
  let differDowns = downs.elements.contains { $0 != 0 }
  let rest =
    switch (differUps, differDowns) {
    case (false, false): 0.0
    case (true, false): squaredNorm(ofProduct: ups, a.down)
    case (false, true): squaredNorm(ofProduct: b.up, downs)
    case (true, true):
      squaredNorm(ofProduct: .joiningColumns([ups, b.up]), .joiningRows([a.down, downs]))
    }
  let noise = rest > 0 ? roundingNoise(ofProduct: b.up, b.down) : 0
  return rest > noise * noise ? rest : 0
}

/// ‖A − B‖² of any two products.
///
/// Computed as ‖A‖² + ‖B‖² − 2⟨A, B⟩ unless nearly all of it cancels, between the products or
/// within one. Then both are reduced to one small matrix first, which gives differences exact to
/// about 1e-16 of ‖A‖; a smaller result is returned as 0.
package func squaredDistance(_ a: LowRank, _ b: LowRank) throws(LinearAlgebraError) -> Double {
  if a.rank == b.rank && a == b { return 0 }
  let sum = squaredNorm(ofProduct: a.up, a.down) + squaredNorm(ofProduct: b.up, b.down)
  let distance = sum - 2 * innerProduct(a.up, a.down, b.up, b.down)
  let noise = roundingNoise(ofProduct: a.up, a.down) + roundingNoise(ofProduct: b.up, b.down)
  if distance > 1e-8 * sum && distance > 1e20 * noise * noise { return distance }
  let ups = Matrix.joiningColumns([a.up, b.up.scaled(by: -1)]).transposed
  let downs = Matrix.joiningRows([a.down, b.down])
  let rest = product(transposed: try lowerFactor(of: ups), try lowerFactor(of: downs)).squaredNorm
  return rest > noise * noise ? rest : 0
}

/// ‖UD − A‖², computed from the difference a few rows at a time, so that nothing cancels.
func squaredDistance(_ factors: LowRank, _ whole: Matrix) -> Double {
  let height = max(1, (1 << 20) / max(whole.columns, 1))
  var sum = 0.0
  for start in stride(from: 0, to: whole.rows, by: height) {
    let rows = start..<min(start + height, whole.rows)
    let part = product(factors.up.rows(in: rows), factors.down)
    let elements = whole.elements[rows.lowerBound * whole.columns..<rows.upperBound * whole.columns]
    for (a, b) in zip(part.elements, elements) { sum += (a - b) * (a - b) }
  }
  return sum
}
