/// The names of the inputs' layers and tensors that are missing from a result, by kind.
package struct LeftOut: Hashable, Sendable {
  package enum Kind: String, CaseIterable, Sendable {
    case modules
    case biases
    case norms

    /// Textual-inversion embeddings beside an adapter, and a checkpoint's token tables.
    case embeddings

    /// Separately trained rows of a token table.
    case tokenRows = "token_rows"

    /// Parts of modules whose counterpart is missing.
    case parts

    /// Layers that options leave out by their kind, block or file.
    case filtered

    /// Layers whose shape differs in the other checkpoint.
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
  /// Encodes the kinds that are not empty: `{"embeddings": ["…"]}`.
  package func encode(to encoder: any Encoder) throws {
    try Dictionary(uniqueKeysWithValues: names.map { ($0.key.rawValue, $0.value) })
      .encode(to: encoder)
  }
}
