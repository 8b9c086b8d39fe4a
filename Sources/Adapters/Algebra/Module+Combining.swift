import Safetensors
import Tensors

// What a sum of modules needs to know of each.

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
    (parts[.biasDifference] ?? parts[.normBiasDifference] ?? parts[.bias])?.elementCount
  }

  /// The rank of the update as one product, by the shapes alone.
  package var expandedRank: Int {
    let most = min(extents.outputs, extents.columns)
    switch algorithm {
    case .lora, .dora: return parts[.mid]?.shape.extents[0] ?? rank
    case .loha: return parts.hadamardRank.map { min($0, most) } ?? most
    case .lokr: return parts.kroneckerRank
    case .full, .norm, .ia3, .glora, .oft, .boft: return most
    }
  }
}

extension [Part: PartTensor] {
  /// r₁·r₂ of a LoHa's factors; above min(m, n) the update is formed instead.
  fileprivate var hadamardRank: Int? {
    guard let first = (self[.hadamardCore1] ?? self[.hadamard1B])?.shape.extents.first,
      let second = (self[.hadamardCore2] ?? self[.hadamard2B])?.shape.extents.first
    else { return nil }
    return first * second
  }

  fileprivate var kroneckerRank: Int {
    rank(.kronecker1, .kronecker1B, core: nil)
      * rank(.kronecker2, .kronecker2B, core: .kroneckerCore)
  }

  /// Of a factor that is a product its inner extent, of a whole one the lesser side.
  private func rank(_ whole: Part, _ b: Part, core: Part?) -> Int {
    if let extents = self[whole]?.shape.extents {
      return Swift.min(extents[0], extents[1...].reduce(1, *))
    }
    return (core.flatMap { self[$0] } ?? self[b])?.shape.extents.first ?? 1
  }
}

extension Adapter {
  /// The first module that lacks a part, and which; alphas that belong to no factors do not count.
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
