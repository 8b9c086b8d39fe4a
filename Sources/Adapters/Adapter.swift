package import Safetensors
package import Tensors

/// The modules of one adapter, as its file describes them; weights are read when asked for.
package struct Adapter: Sendable {
  package let file: SafetensorsFile

  /// The naming of most of the modules.
  package let naming: Naming
  package let baseModel: BaseModel

  /// In the order of their names' bytes.
  package let modules: [Module]

  /// Tensors that belong to no module, such as textual-inversion embeddings.
  package let others: [Header.Entry]

  /// Tensors that should belong to a module but whose counterpart is missing.
  package let orphans: [Header.Entry]

  /// What a reader should know and that stopped nothing.
  package let warnings: [String]

  /// The widest element type of the modules' weights.
  package var type: ElementType {
    modules.map(\.type).max { $0.bitCount < $1.bitCount } ?? .float32
  }
}

extension Adapter {
  /// Reads the names and shapes of an adapter.
  ///
  /// - Parameter configuration: What lies beside the file, for those formats that keep the scale
  ///   there.
  /// - Throws: `.noAdapter` where the file holds no part of any module.
  package init(
    _ file: SafetensorsFile, configuration: AdapterConfiguration? = nil
  ) throws(AdapterError) {
    var groups = PartGroups(file.header)
    guard groups.holdAdapter else {
      throw AdapterError(
        file: file.path, reason: .noAdapter(what: notAnAdapter(file.header)))
    }
    let configuration =
      configuration ?? AdapterConfiguration(diffusersMetadata: file.header.metadata)
    groups.claimWholeModules(of: configuration)

    var modules: [Module] = []
    var orphans: [Header.Entry] = []
    for name in groups.names {
      let group = groups[name]
      if let algorithm = group.algorithm, group.missingPart(of: algorithm) == nil {
        modules.append(
          try Module(name, group, algorithm, configuration: configuration, file: file))
      } else {
        orphans += group.parts.values.sorted { $0.name < $1.name }
      }
    }
    self.file = file
    self.modules = modules
    self.orphans = orphans
    others = groups.others
    naming = Self.naming(of: modules)
    baseModel = BaseModel(
      recognising: modules.map {
        BaseModel.Layer(
          target: $0.target, outputs: $0.extents.outputs, inputs: $0.extents.inputs)
      })
    warnings = Self.warnings(naming, configuration, orphans)
  }

  private static func naming(of modules: [Module]) -> Naming {
    if modules.contains(where: { $0.naming == .onetrainer }) { return .onetrainer }
    if modules.contains(where: { $0.naming == .bflControl }) { return .bflControl }
    var counts: [Naming: Int] = [:]
    for module in modules { counts[module.naming, default: 0] += 1 }
    return Naming.allCases.max { counts[$0, default: 0] < counts[$1, default: 0] } ?? .kohya
  }

  private static func warnings(
    _ naming: Naming, _ configuration: AdapterConfiguration?, _ orphans: [Header.Entry]
  ) -> [String] {
    var warnings: [String] = []
    if configuration == nil && (naming == .mlx || naming == .peft) {
      warnings.append(
        "no adapter_config.json beside the file: alpha / rank taken as 1; strength may be wrong")
    }
    if !orphans.isEmpty {
      let names = orphans.prefix(3).map { $0.name.description }.joined(separator: ", ")
      warnings.append("\(orphans.count) tensors lack their counterpart: \(names)…")
    }
    return warnings
  }
}

/// One sentence on what a file without any adapter's part holds.
private func notAnAdapter(_ header: Header) -> String {
  let names = header.entries.map(\.name.string)
  func has(_ marker: String) -> Bool { names.contains { $0.contains(marker) } }
  if names.isEmpty { return "holds no tensors; is it the right file?" }
  if has("emb_params") || has("string_to_param") || names == ["clip_g", "clip_l"] {
    return "is a textual-inversion embedding, not a LoRA"
  }
  if has("unilora_theta_d") {
    return "is a Uni-LoRA adapter, which stores one vector and no factors; convert it with PEFT"
  }
  if has("w_a_000") {
    return
      "holds factors numbered without their layers' names (w_a_000, …); their layers cannot be told"
  }
  if has("prompt_embeddings") { return "is a prompt-tuning adapter, not a LoRA" }
  if Checkpoint.isCheckpoint(header) { return "is a checkpoint, not a LoRA" }
  return "has no tensor named as a LoRA's; is it the right file?"
}
