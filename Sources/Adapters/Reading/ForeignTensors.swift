package import Names
package import Safetensors

/// A tensor that belongs to no module and that a result keeps unchanged.
package struct ForeignTensor: Sendable {
  let entry: Header.Entry
  let file: SafetensorsFile
}

extension [Combination.Input] {
  /// The inputs' tensors that belong to no module: those that a result keeps, and all others.
  ///
  /// Embeddings that were trained with an adapter stay beside it. If two inputs hold one of the
  /// same name, the first counts; those of a subtracted input are left out.
  ///
  /// - Parameter naming: The result's naming; `nil` for a checkpoint, which keeps no such tensor
  ///   and whose tables take rows of tokens.
  package func foreignTensors(in naming: Naming?) -> (kept: [ForeignTensor], leftOut: LeftOut) {
    var kept: [ForeignTensor] = []
    var leftOut = LeftOut()
    var names: Set<TensorName> = []
    let holdsEmbeddings = naming?.holdsEmbeddings ?? false
    for input in self {
      let tokenRows = Set(input.adapter.tokenRows.map(\.entry.name))
      for entry in input.adapter.others where naming != nil || !tokenRows.contains(entry.name) {
        let kind = LeftOut.Kind(foreign: entry.name.string)
        let isKept = kind == .embeddings && holdsEmbeddings && input.weight > 0
        if isKept && names.insert(entry.name).inserted {
          kept.append(ForeignTensor(entry: entry, file: input.adapter.file))
        } else {
          leftOut.add(entry.name.string, as: kind)
        }
      }
      for entry in input.adapter.orphans { leftOut.add(entry.name.string, as: .parts) }
    }
    return (kept, leftOut)
  }

  /// The inputs' tensors that belong to no module, each name once.
  package var foreignNames: LeftOut {
    var found = LeftOut()
    var names: Set<TensorName> = []
    for input in self {
      for entry in input.adapter.others where names.insert(entry.name).inserted {
        found.add(entry.name.string, as: LeftOut.Kind(foreign: entry.name.string))
      }
      for entry in input.adapter.orphans where names.insert(entry.name).inserted {
        found.add(entry.name.string, as: .parts)
      }
    }
    return found
  }
}

extension LeftOut.Kind {
  /// Classifies a tensor that belongs to no module by its name.
  fileprivate init(foreign name: String) {
    if name.hasPrefix("bundle_emb.") {
      self = .embeddings
    } else {
      self = contains("trainable_tokens", in: name) ? .tokenRows : .tensors
    }
  }
}

/// Separately trained rows of a table that replace the model's rows.
///
/// Source: PEFT, `tuners/trainable_tokens`.
package struct TokenRows: Sendable {
  /// The table's module, as the file spells it.
  package let module: String
  package let target: Target
  package let file: SafetensorsFile
  package let entry: Header.Entry

  /// The index of each row in the table; `nil` where no configuration gives them.
  package let indices: [Int]?

  init(_ module: String, _ entry: Header.Entry, in file: SafetensorsFile, indices: [Int]?) {
    self.module = module
    self.file = file
    target = Target.parse(module).target
    self.entry = entry
    self.indices = indices
  }
}
