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
  package var needsBase: Bool { !algorithm.hasUpdate || parts[.magnitude] != nil }

  /// Whether the update is up·down as they are stored, and nothing else.
  var isBareProduct: Bool {
    algorithm.isProduct && !isTucker && !naming.isTransposed && parts[.up] != nil
  }

  /// Whether there is more than a difference of the bias.
  package var changesWeight: Bool {
    let others: Set<Part> = [.biasDifference, .normBiasDifference, .alpha, .bias]
    return !others.isSuperset(of: parts.keys)
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
  package var expandedRank: Int { algorithm.expandedRank(of: self) }
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
