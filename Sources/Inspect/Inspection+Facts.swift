import CommandSupport

extension Inspection {
  /// The headline, fact by fact.
  var facts: [(name: String, value: String)] {
    let types = dtypes.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
    var facts = [
      ("format", format), ("base model", baseModel), ("size", CommandSupport.bytes(bytes)),
      ("tensors", grouped(tensors)), ("parameters", grouped(parameters)),
      ("stored as", types.map(\.key).joined(separator: ", ")),
    ]
    if !modules.isEmpty {
      facts += [
        ("modules", grouped(modules.count)), ("algorithm", tally(modules.map(\.algorithm))),
        ("rank", range(modules.map(\.rank))), ("alpha", alphaRange),
        ("norm of the update", significant(norm)),
      ]
    }
    return facts
  }
}
