package import Names
package import Safetensors
package import Tensors

/// The modules of one adapter as its file describes them; weights are read on demand.
package struct Adapter: Sendable {
  package let file: SafetensorsFile

  /// The naming of most of the modules.
  package let naming: Naming
  package let baseModel: BaseModel

  /// The modules, sorted by the bytes of their names.
  package let modules: [Module]

  /// Tensors that belong to no module, such as textual-inversion embeddings; includes those of
  /// `tokenRows` and of `experts`.
  package let others: [Header.Entry]

  /// Rows that replace rows of the model's tables.
  package let tokenRows: [TokenRows]

  /// The modules that hold factors of several experts side by side, which are not one product.
  package let experts: [String]

  /// Parts of modules whose counterpart is missing.
  package let orphans: [Header.Entry]

  /// The rule by which the update differs from the factors' product; `nil` where it does not.
  package let peculiarity: Peculiarity?

  /// Facts that the user should know and that do not stop the command.
  package let warnings: [String]

  /// The widest element type of the modules' weights.
  package var type: ElementType {
    modules.map(\.type).max { $0.bitCount < $1.bitCount } ?? .float32
  }
}

extension Adapter {
  /// Reads the names and shapes of an adapter.
  ///
  /// - Parameters:
  ///   - configuration: The configuration beside the file, for formats that keep the scale there.
  ///   - name: PEFT's name of the wanted adapter, where the file holds several.
  /// - Throws: `.noAdapter` where the file holds no part of any module.
  package init(
    _ file: SafetensorsFile, configuration: AdapterConfiguration? = nil, name: String? = nil
  ) throws(AdapterError) {
    var groups = PartGroups(file.header, adapter: name)
    try Self.checkNames(groups.adapterNames, wanted: name, file: file)
    guard groups.holdAdapter else {
      throw AdapterError(
        file: file.path, reason: .noAdapter(what: foreignContent(of: file.header)))
    }
    let configuration =
      configuration ?? AdapterConfiguration(diffusersMetadata: file.header.metadata)
    groups.claimWholeModules(of: configuration)
    try Self.refuseAmbiguity(groups, file: file)

    var modules: [Module] = []
    var orphans: [Header.Entry] = []
    var (experts, empty): ([String], [String]) = ([], [])
    let parameters = ExpertParameters(groups, configuration)
    for name in groups.names {
      let group = groups[name]
      if let members = parameters.modules(of: name, group, configuration, file: file) {
        modules += members
      } else if Self.holdsExperts(name, group, configuration) {
        experts.append(name)
      } else if group.isOfRankZero {
        empty.append(name)
      } else if let module = try Module(name, group, configuration: configuration, file: file) {
        modules.append(module)
      } else {
        orphans += group.parts.values.map(\.entry).sorted { $0.name < $1.name }
      }
    }
    let layers = modules.map {
      BaseModel.Layer(target: $0.target, outputs: $0.extents.outputs, inputs: $0.extents.inputs)
    }
    let model = BaseModel(recognising: layers)
    baseModel = model
    modules = modules.map { $0.resolved(in: model) }
    self.file = file
    self.modules = modules
    self.orphans = orphans
    self.experts = experts
    tokenRows = groups.tokenRows.map { module, entry in
      TokenRows(module, entry, in: file, indices: configuration?.tokens(of: module))
    }
    others =
      groups.others + groups.tokenRows.map(\.entry)
      + (experts + empty).flatMap { name in
        groups[name].parts.values.map(\.entry).sorted { $0.name < $1.name }
      }
    naming =
      modules.isEmpty && !(tokenRows.isEmpty && experts.isEmpty) ? .peft : Naming(of: modules)
    peculiarity = configuration?.peculiarity
    warnings =
      Self.warnings(naming, configuration, orphans)
      + (configuration == nil ? Self.warnings(ofKronecker: modules, file.header.metadata) : [])
      + (peculiarity.map { ["the adapter \($0)"] } ?? [])
      + Self.warnings(experts: experts, empty: empty, modules)
      + Self.warnings(model, alternatives: BaseModel.alternatives(to: model, for: layers))
  }

  /// Whether each of several experts has a pair of factors (PEFT's `target_parameters`); the
  /// configuration tells, or else names that only a list of experts has.
  private static func holdsExperts(
    _ name: String, _ group: PartGroups.Group, _ configuration: AdapterConfiguration?
  ) -> Bool {
    guard group.spellings.contains(.peft), group.parts[.up] != nil,
      let rank = group.parts[.down]?.shape.extents.first
    else { return false }
    let path = name.split(separator: ".").filter { $0 != "base_layer" }.joined(separator: ".")
    if configuration?.holdsExperts(module: path, rank: rank) ?? false { return true }
    return path == "experts" || path.hasSuffix(".experts")
  }

  /// Refuses several adapters if none is chosen, and a chosen one that the file lacks.
  private static func checkNames(
    _ names: Set<String>, wanted: String?, file: SafetensorsFile
  ) throws(AdapterError) {
    let listed = names.sorted().joined(separator: ", ")
    if let wanted, !names.contains(wanted), !names.isEmpty || wanted != "default" {
      let others = names.isEmpty ? "; leave --adapter out" : ", but \(listed)"
      throw AdapterError(
        file: file.path, reason: .refused("has no adapter '\(wanted)'\(others)"))
    }
    if wanted == nil && names.count > 1 {
      let detail =
        "holds several adapters (\(listed)); choose one with --adapter (lora convert --adapter NAME writes it alone)"
      throw AdapterError(file: file.path, reason: .refused(detail))
    }
  }

  /// Refuses files that could be misread.
  private static func refuseAmbiguity(
    _ groups: PartGroups, file: SafetensorsFile
  ) throws(AdapterError) {
    if let (module, name) = groups.clash {
      let detail =
        "has two tensors for one part (the other is \(name)); save each of several adapters alone"
      throw AdapterError(file: file.path, reason: .refused("\(module) \(detail)"))
    }
    if groups.others.contains(where: { $0.name.string.contains(".lora_E") }) {
      let what = "is an AdaLoRA adapter, whose factors hold a third matrix; convert it with PEFT"
      throw AdapterError(file: file.path, reason: .noAdapter(what: what))
    }
  }
}

extension Adapter {
  /// The adapter with only some of its modules and no other tensors.
  package func keeping(_ isKept: (Module) -> Bool) -> Adapter {
    Adapter(self, modules: modules.filter(isKept))
  }

  /// The adapter with some of its modules, groups of experts and rows of token tables; tensors that
  /// belong to no layer stay.
  ///
  /// - Parameter isKept: Called for each with its name; the module is `nil` where there is none.
  func filtered(_ isKept: (String, Module?, Target) -> Bool) -> Adapter {
    let rows = tokenRows.filter { isKept($0.module, nil, $0.target) }
    let dropped = Set(tokenRows.map(\.entry.name)).subtracting(rows.map(\.entry.name))
    return Adapter(
      self, modules: modules.filter { isKept($0.name, $0, $0.target) }, tokenRows: rows,
      experts: experts.filter { isKept($0, nil, Target.parse($0).target) },
      others: others.filter { !dropped.contains($0.name) })
  }

  /// The adapter without the weights and biases that replace the model's beside factors.
  ///
  /// - Returns: The adapter, and the tensors that were removed.
  package var withoutOwnTensors: (adapter: Adapter, tensors: [(part: Part, entry: Header.Entry)]) {
    let own = modules.filter { $0.rank > 0 }.flatMap { module in
      [Part.weight, .bias].compactMap { part in module.parts[part].map { (part, $0.entry) } }
    }
    return (Adapter(self, modules: modules.map(\.withoutOwnTensors)), own)
  }

  private init(
    _ adapter: Adapter, modules: [Module], tokenRows: [TokenRows] = [], experts: [String] = [],
    others: [Header.Entry]? = nil
  ) {
    self.tokenRows = tokenRows
    self.experts = experts
    file = adapter.file
    naming = adapter.naming
    baseModel = adapter.baseModel
    self.modules = modules
    self.others = others ?? adapter.others
    orphans = adapter.orphans
    peculiarity = adapter.peculiarity
    warnings = adapter.warnings
  }
}
