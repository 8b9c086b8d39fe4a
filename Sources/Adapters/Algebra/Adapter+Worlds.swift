package import Names

// Translates an adapter's modules to the layer names of another world.

extension Adapter {
  /// Whether a naming has a name for a module's layer.
  package enum Standing: Sendable {
    /// A table gives the name, or the layer needs none.
    case known

    /// No table lists the layer.
    case unknown

    /// The naming's world has no such layer.
    case absent
  }

  /// Tells whether a world has a name for a module's layer, according to the tables of names.
  ///
  /// - Parameter world: The world whose names the layers get; `nil` where no table is needed.
  package func standing(of module: Module, in world: World?) -> Standing {
    guard module.target.network == .denoiser, let world else { return .known }
    if let family {
      guard let places = family.places(of: module.target, in: world) else { return .unknown }
      return places.isEmpty ? .absent : .known
    }
    if baseModel != .unknown || BaseModel.isOfUNet(module.target.key) { return .known }
    return module.naming.world == nil || module.naming.world == world ? .known : .unknown
  }

  /// Cuts and joins modules so that they follow a world's division of layers; algorithms are kept.
  ///
  /// - Returns: The new modules, and those that cannot be cut or joined.
  package func divided(
    _ modules: [Module], in world: World?
  ) throws -> (modules: [Module], refused: [Module]) {
    var (kept, refused): ([Module], [Module]) = ([], [])
    var joined: [Target: [(module: Module, placement: Placement)]] = [:]
    var order: [Target] = []
    for module in modules {
      var cut: [Module]? = []
      for (target, placement) in try layers(of: module, in: world) {
        if let placement, !placement.isWhole {
          if joined[target] == nil { order.append(target) }
          joined[target, default: []].append((module, placement))
        } else if let placement {
          cut = module.rows(placement.rows, of: target).flatMap { part in cut.map { $0 + [part] } }
        } else {
          cut?.append(module.of(target))
        }
      }
      if let cut { kept += cut } else { refused.append(module) }
    }
    for target in order {
      let members = joined[target] ?? []
      if let module = try JoinedModule(members, target: target).module() {
        kept.append(module)
      } else {
        refused += members.map(\.module)
      }
    }
    return (kept, refused)
  }
}

extension Placement {
  /// Whether the moved rows are all rows of the layer.
  fileprivate var isWhole: Bool { moves.reduce(0) { $0 + $1.from.count } == outputs }

  /// The rows of the module in the layer's order.
  fileprivate var rows: [Range<Int>] { moves.sorted { $0.to < $1.to }.map(\.from) }
}

extension Module {
  fileprivate func of(_ target: Target) -> Module {
    with(parts, target: target, outputs: extents.outputs, rank: rank)
  }
}
