import LinearAlgebra
import Safetensors
import Tensors

extension Combination.Term {
  /// The extents of the layer.
  package var extents: Module.Extents {
    guard let placement else { return module.extents }
    return Module.Extents(
      outputs: placement.outputs, inputs: module.extents.inputs, kernel: module.extents.kernel)
  }

  /// The rank of the update as one product, by the shapes alone.
  package var expandedRank: Int { placement?.ranks?.count ?? module.expandedRank }

  /// Whether the term is a whole difference.
  var isDense: Bool {
    module.algorithm == .full || module.algorithm == .norm || dependsOnBase
  }

  /// Whether the update is what the module makes of the base model's weight.
  package var dependsOnBase: Bool { module.needsBase || module.replacesWeight }

  /// Whether there is more than a difference of the bias.
  var changesWeight: Bool {
    let others: Set<Part> = [.biasDifference, .normBiasDifference, .alpha, .bias]
    return !others.isSuperset(of: module.parts.keys)
  }

  var biasCount: Int? { module.biasCount.map { placement?.outputs ?? $0 } }

  /// The shape of a whole difference as stored; `nil` where there is none.
  var wholeShape: Shape? {
    module.wholeShape.map { shape in
      placement.map { Shape([$0.outputs] + shape.extents.dropFirst()) } ?? shape
    }
  }

  /// Whether two terms change the same rows.
  func overlaps(_ other: Combination.Term) -> Bool {
    guard let placement, let theirs = other.placement else { return true }
    return placement.overlaps(theirs)
  }

  /// The update of the term, its weight included.
  package func update(in inputs: [Combination.Input]) throws -> Update {
    let update = try moduleUpdate(in: inputs[input].adapter.file)
    return .scaled(placement?.applied(to: update) ?? update, by: weight)
  }

  private func moduleUpdate(in file: SafetensorsFile) throws -> Update {
    guard dependsOnBase, let base else { return try module.update(in: file) }
    let key = CheckpointLayers.Key(module.target, .weight)
    defer { base.release(key) }
    return .dense(try module.change(of: base.matrix(key), in: file))
  }

  /// The factors of the update without its scale and weight.
  func unscaledFactors(in inputs: [Combination.Input]) throws -> LowRank {
    let factors = try module.unscaledFactors(in: inputs[input].adapter.file)
    return placement?.applied(to: factors) ?? factors
  }

  /// What the term adds to its layer's bias, its weight not included.
  func biasDifference(in inputs: [Combination.Input]) throws -> [Double]? {
    let bias = try module.biasDifference(in: inputs[input].adapter.file)
    return bias.map { placement?.applied(to: $0) ?? $0 }
  }

  /// Refuses a module whose update cannot be had.
  func checkBase(file: String) throws(AdapterError) {
    guard dependsOnBase else { return }
    guard let base else {
      throw AdapterError(
        file: file,
        reason: module.replacesWeight
          ? .replacesWeight(module: module.name)
          : .needsBase(module: module.name, algorithm: module.algorithm))
    }
    if base.shape(CheckpointLayers.Key(module.target, .weight)) == nil {
      throw AdapterError(
        file: base.checkpoint.path, reason: .noLayers(modules: [module.name], adapter: file))
    }
  }

  /// Tells the system that the module's weights are no longer needed in memory.
  package func release(in inputs: [Combination.Input]) {
    for entry in module.parts.values { inputs[input].adapter.file.release(entry) }
  }
}

extension Module {
  /// The factors of the update without its scale.
  func unscaledFactors(in file: Safetensors.SafetensorsFile) throws -> LowRank {
    let update = try update(in: file)
    if case .scaled(let inner, _) = update { return inner.lowRank }
    return update.lowRank
  }

  /// Whether what the module does depends on the base model's weights.
  package var needsBase: Bool {
    switch algorithm {
    case .lora, .loha, .lokr, .full, .norm: parts[.magnitude] != nil
    case .dora, .ia3, .glora, .oft, .boft: true
    }
  }

  /// The shape of a whole difference as stored; `nil` where there is none.
  var wholeShape: Shape? {
    (parts[.weightDifference] ?? parts[.normWeightDifference] ?? parts[.weight])?.shape
  }

  /// The elements of the bias that the module adds to; `nil` where it leaves it.
  package var biasCount: Int? {
    (parts[.biasDifference] ?? parts[.normBiasDifference])?.elementCount
  }

  /// The rank of the update as one product, by the shapes alone.
  package var expandedRank: Int {
    let most = min(extents.outputs, extents.columns)
    switch algorithm {
    case .lora, .dora: return rank
    case .loha: return parts.hadamardRank.map { min($0, most) } ?? most
    case .lokr: return parts.kroneckerRank
    case .full, .norm, .ia3, .glora, .oft, .boft: return most
    }
  }
}

extension [Part: Header.Entry] {
  /// r₁·r₂ of a LoHa's factors; above min(m, n) the update is formed instead.
  fileprivate var hadamardRank: Int? {
    guard let first = self[.hadamard1B]?.shape.extents.first,
      let second = self[.hadamard2B]?.shape.extents.first
    else { return nil }
    return first * second
  }

  fileprivate var kroneckerRank: Int {
    rank(.kronecker1, .kronecker1B) * rank(.kronecker2, .kronecker2B)
  }

  /// Of a factor that is a product its inner extent, of a whole one the lesser side.
  private func rank(_ whole: Part, _ b: Part) -> Int {
    if let extents = self[whole]?.shape.extents {
      return Swift.min(extents[0], extents[1...].reduce(1, *))
    }
    return self[b]?.shape.extents.first ?? 1
  }
}
