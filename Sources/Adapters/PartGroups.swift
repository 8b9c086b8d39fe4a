import Safetensors
import Tensors

/// The tensors of a file, by the module that they are parts of.
struct PartGroups {
  struct Group {
    var parts: [Part: Header.Entry] = [:]
    var spellings: Set<PartSpelling> = []

    var algorithm: Algorithm? {
      Algorithm(
        parts: Set(parts.keys), blocksRank: parts[.orthogonalBlocks]?.shape.rank)
    }

    /// A part that an algorithm cannot do without and that is not there.
    func missingPart(of algorithm: Algorithm) -> Part? {
      let needed: [Part] =
        switch algorithm {
        case .lora, .dora: [.up, .down]
        case .loha: [.hadamard1A, .hadamard1B, .hadamard2A, .hadamard2B]
        case .glora: [.gloraA1, .gloraA2, .gloraB1, .gloraB2]
        case .ia3: [.ia3Weight]
        case .lokr: halves(.kronecker1A, .kronecker1B) + halves(.kronecker2A, .kronecker2B)
        case .full, .norm, .oft, .boft: []
        }
      return needed.first { parts[$0] == nil }
    }

    /// Both of two parts where there is one of them.
    private func halves(_ a: Part, _ b: Part) -> [Part] {
      parts[a] != nil || parts[b] != nil ? [a, b] : []
    }
  }

  /// In the order of their bytes.
  private(set) var names: [String] = []
  private(set) var others: [Header.Entry] = []
  private var groups: [TensorName: Group] = [:]

  subscript(name: String) -> Group { groups[TensorName(name)] ?? Group() }

  init(_ header: Header) {
    for entry in header.entries {
      if let name = PartName(entry.name.string),
        groups[TensorName(name.module)]?.parts[name.part] == nil
      {
        add(entry, to: name.module, as: name.part, name.spelling)
      } else {
        others.append(entry)
      }
    }
    claimWeightsOfIA3()
    names = groups.keys.sorted().map(\.string)
  }

  private mutating func add(
    _ entry: Header.Entry, to module: String, as part: Part, _ spelling: PartSpelling
  ) {
    groups[TensorName(module), default: Group()].parts[part] = entry
    groups[TensorName(module)]?.spellings.insert(spelling)
  }

  /// Whether there is a part that only adapters have.
  var holdAdapter: Bool {
    let weak: Set<Part> = [.alpha, .weight, .reshape, .biasDifference, .magnitude, .rescale]
    return groups.values.contains { !weak.isSuperset(of: $0.parts.keys) }
  }

  /// (IA)³ calls its vector `weight`, as every layer of a checkpoint does.
  private mutating func claimWeightsOfIA3() {
    let modules = Set(groups.filter { $0.value.parts[.ia3OnInput] != nil }.keys)
    claim { module, leaf in
      leaf == "weight" && modules.contains(TensorName(module)) ? .ia3Weight : nil
    }
  }

  /// Takes PEFT's whole modules (`modules_to_save`) out of `others`.
  mutating func claimWholeModules(of configuration: AdapterConfiguration?) {
    let saved = configuration?.wholeModules ?? []
    guard !saved.isEmpty else { return }
    claim { module, leaf in
      guard saved.contains(where: { module.hasSuffix("." + $0) || module == $0 }) else {
        return nil
      }
      return leaf == "weight" ? .weight : leaf == "bias" ? .biasDifference : nil
    }
    names = groups.keys.sorted().map(\.string)
  }

  private mutating func claim(_ part: (_ module: String, _ leaf: Substring) -> Part?) {
    var kept: [Header.Entry] = []
    for entry in others {
      let name = entry.name.string
      if let dot = name.utf8.lastIndex(of: UInt8(ascii: ".")),
        let part = part(String(name[..<dot]), name[name.index(after: dot)...])
      {
        add(entry, to: String(name[..<dot]), as: part, .any)
      } else {
        kept.append(entry)
      }
    }
    others = kept
  }
}
