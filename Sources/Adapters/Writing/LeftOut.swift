/// What of the inputs is not in a result, by kind and by name.
package struct LeftOut: Hashable, Sendable {
  package enum Kind: String, CaseIterable, Sendable {
    case modules
    case biases
    case norms

    /// Textual-inversion embeddings beside an adapter, and tables of tokens of a checkpoint.
    case embeddings

    /// Rows of a table of tokens that were trained alone.
    case tokenRows = "token_rows"

    /// Parts of modules whose counterpart is missing.
    case parts

    /// What options leave out: layers that are of another kind, in another block or file.
    case filtered

    /// Layers whose shape is another in the other checkpoint.
    case otherShapes = "other_shapes"

    /// Tensors that belong to no module or layer.
    case tensors
  }

  private var names: [Kind: [String]] = [:]

  package init() {}

  package var isEmpty: Bool { names.isEmpty }

  package subscript(kind: Kind) -> [String] { names[kind] ?? [] }

  package mutating func add(_ name: String, as kind: Kind) {
    names[kind, default: []].append(name)
  }

  package static func + (a: LeftOut, b: LeftOut) -> LeftOut {
    var sum = a
    sum.add(b)
    return sum
  }

  package mutating func add(_ other: LeftOut) {
    for (kind, list) in other.names { names[kind, default: []] += list }
  }
}

extension LeftOut: Encodable {
  /// `{"embeddings": ["…"]}`: the kinds that there are.
  package func encode(to encoder: any Encoder) throws {
    try Dictionary(uniqueKeysWithValues: names.map { ($0.key.rawValue, $0.value) })
      .encode(to: encoder)
  }
}
