import Safetensors
import Tensors

/// The tensors of a file, grouped by module.
struct PartGroups {
  struct Group {
    var parts: [Part: PartTensor] = [:]
    var spellings: Set<Spelling> { Set(parts.values.map(\.spelling)) }

    /// A1111's factor of the update, which replaces alpha / rank.
    var scale: Header.Entry?

    /// Whether the factors have rank 0, so that their product is zero.
    var isOfRankZero: Bool {
      guard let up = parts[.up]?.shape.extents, let down = parts[.down]?.shape.extents else {
        return false
      }
      return up.count >= 2 && down.count >= 2 && up[0] > 0 && down[1] > 0
        && (up[1] == 0 && down[0] == 0)
    }
  }

  /// The names of the groups, sorted by their bytes.
  private(set) var names: [String] = []
  private(set) var others: [Header.Entry] = []

  /// Rows that replace rows of a table, with the table's module.
  private(set) var tokenRows: [(module: String, entry: Header.Entry)] = []

  /// The first tensor whose part its module already has.
  private(set) var clash: (module: String, tensor: TensorName)?
  private var groups: [TensorName: Group] = [:]

  /// PEFT's names of the adapters in the file; `default` for a key without one.
  private(set) var adapterNames: Set<String> = []

  subscript(name: String) -> Group { groups[TensorName(name)] ?? Group() }

  /// - Parameter adapter: The name of the wanted adapter; `nil` reads all of the file.
  init(_ header: Header, adapter: String? = nil) {
    var unnamed = 0
    for entry in header.entries {
      guard let name = PartName(entry.name.string) else {
        others.append(entry)
        continue
      }
      if let own = name.adapterName { adapterNames.insert(own) } else { unnamed += 1 }
      if let adapter, name.adapterName ?? "default" != adapter { continue }
      if name.part == .tokenRows {
        tokenRows.append((name.module, entry))
        continue
      }
      if groups[TensorName(name.module)]?.parts[name.part] != nil {
        clash = clash ?? (name.module, entry.name)
      }
      add(entry, to: name.module, as: name.suffix, name.spelling)
    }
    if unnamed > 0 && !adapterNames.isEmpty { adapterNames.insert("default") }
    claimWeightsOfIA3()
    claimWholeModulesOfPEFT()
    claimScales()
    names = groups.keys.sorted().map(\.string)
  }

  private mutating func add(
    _ entry: Header.Entry, to module: String, as suffix: Suffix, _ spelling: Spelling
  ) {
    groups[TensorName(module), default: Group()].parts[suffix.part] = PartTensor(
      entry: entry, suffix: suffix, spelling: spelling)
  }

  /// Whether there is a part that only adapters have.
  var holdAdapter: Bool {
    let weak: Set<Part> = [.alpha, .weight, .bias, .reshape, .magnitude, .rescale]
    return !tokenRows.isEmpty
      || groups.values.contains { group in
        !weak.isSuperset(of: group.parts.keys)
          || group.parts[.weight]?.suffix == .wholeWeight
      }
  }

  /// Reads `.scale` beside factors as their scale, not as a weight of the layer.
  private mutating func claimScales() {
    let weak: Set<Part> = [.alpha, .weight, .bias]
    for (name, group) in groups where !weak.isSuperset(of: group.parts.keys) {
      guard let tensor = group.parts[.weight], tensor.elementCount == 1, tensor.suffix == .scale
      else { continue }
      groups[name]?.parts[.weight] = nil
      groups[name]?.scale = tensor.entry
    }
  }

  /// Reads (IA)³'s vectors, whose names end in `weight` as those of checkpoints do.
  private mutating func claimWeightsOfIA3() {
    let modules = Set(groups.filter { $0.value.parts[.ia3OnInput] != nil }.keys)
    claim { module, leaf in
      leaf == "weight" && modules.contains(TensorName(module)) ? Suffix.ia3Weight : nil
    }
  }

  /// Reads PEFT's fully trained modules (`modules_to_save`, embeddings, biases), which have their
  /// plain names; PEFT's files never hold other weights of the model.
  private mutating func claimWholeModulesOfPEFT() {
    claim { module, leaf in
      module.hasPrefix("base_model.model.") ? Self.plainSuffix(leaf) : nil
    }
  }

  /// Moves the full modules that a configuration lists out of `others`.
  mutating func claimWholeModules(of configuration: AdapterConfiguration?) {
    let saved = configuration?.wholeModules ?? []
    guard !saved.isEmpty else { return }
    claim { module, leaf in
      let isSaved = saved.contains { module.hasSuffix("." + $0) || module == $0 }
      return isSaved ? Self.plainSuffix(leaf) : nil
    }
    names = groups.keys.sorted().map(\.string)
  }

  private static func plainSuffix(_ leaf: Substring) -> Suffix? {
    leaf == "weight" ? .plainWeight : leaf == "bias" ? .plainBias : nil
  }

  private mutating func claim(_ suffix: (_ module: String, _ leaf: Substring) -> Suffix?) {
    var kept: [Header.Entry] = []
    for entry in others {
      let name = entry.name.string
      if let dot = name.utf8.lastIndex(of: UInt8(ascii: ".")),
        let suffix = suffix(String(name[..<dot]), name[name.index(after: dot)...])
      {
        add(entry, to: String(name[..<dot]), as: suffix, .common)
      } else {
        kept.append(entry)
      }
    }
    others = kept
  }
}
