import Names

extension Naming {
  /// Black Forest Labs' control adapters of Flux: bare names, with biases and norms.
  package static let bflControl = Naming(
    name: "bfl-control",
    spellings: [.peft, .common],
    isShownByPath: { $0.isBare && $0.isOfFluxWithBias },
    isShownByOneModule: true,
    world: .original,
    holdsDifferences: true,
    biases: .all)
}

extension ModuleName {
  /// Whether the layer is one of Flux's and its bias changes, as only in control adapters.
  var isOfFluxWithBias: Bool { isOfFlux && hasBias }
}
