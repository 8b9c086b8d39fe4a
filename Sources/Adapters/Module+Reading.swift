import Safetensors
import Tensors

extension Module {
  /// Understands the parts of one module by their shapes; no weight is read but alpha.
  init(
    _ name: String, _ group: PartGroups.Group, _ algorithm: Algorithm,
    configuration: AdapterConfiguration?, file: SafetensorsFile
  ) throws(AdapterError) {
    let (target, prefix) = Target.parse(name)
    let parts = group.parts
    let naming = Naming(
      module: name, prefix: prefix, spellings: group.spellings,
      hasBias: parts[.biasDifference] != nil)
    let shapes = PartShapes(parts: parts, isTransposed: naming == .mlx)
    let refuse = { (reason: AdapterError.Reason) in AdapterError(file: file.path, reason: reason) }

    if let clash = shapes.rankClash {
      throw refuse(.ranksDiffer(module: name, up: clash.up, down: clash.down))
    }
    guard let extents = shapes.extents(of: algorithm) else {
      let listed = parts.values.map { "\($0.shape)" }.sorted().joined(separator: ", ")
      throw refuse(
        .shapesDiffer(
          module: name,
          detail: "has parts of shapes \(listed), which do not fit each other; is the file whole?"))
    }
    let rank = shapes.rank(of: algorithm)
    if (algorithm == .lora || algorithm == .dora) && rank == 0 {
      throw refuse(.zeroRank(module: name))
    }

    let stored = try Self.alpha(parts[.alpha], of: name, in: file)
    let scaling = configuration?.scaling(
      of: name, prefix: prefix, rank: rank, storedAlpha: stored)
    self.init(
      name: name, prefix: prefix, target: target, naming: naming,
      algorithm: algorithm == .full && target.key.hasSuffix("norm") ? .norm : algorithm,
      kind: Self.kind(parts, extents), extents: extents, rank: rank,
      alpha: stored ?? scaling?.alpha,
      scale: scaling?.scale ?? (rank > 0 ? (stored ?? Double(rank)) / Double(rank) : 1),
      parts: parts,
      type: parts.filter { $0.key != .alpha }.values.map(\.type)
        .max { $0.bitCount < $1.bitCount } ?? .float32)
  }

  private static func alpha(
    _ entry: Header.Entry?, of module: String, in file: SafetensorsFile
  ) throws(AdapterError) -> Double? {
    guard let entry, entry.elementCount > 0 else { return nil }
    guard entry.elementCount == 1, let value = try? file.doubles(entry).first else {
      throw AdapterError(
        file: file.path,
        reason: .shapesDiffer(
          module: module, detail: "has an alpha of shape \(entry.shape); it must be one number"))
    }
    guard value.isFinite else {
      throw AdapterError(file: file.path, reason: .badAlpha(module: module, value: value))
    }
    return value
  }

  private static func kind(_ parts: [Part: Header.Entry], _ extents: Extents) -> Kind {
    if parts.values.contains(where: { $0.name.string.contains("lora_embedding_") }) {
      return .embedding
    }
    return extents.isConvolution ? .conv : .linear
  }
}

/// What the shapes of a module's parts say.
private struct PartShapes {
  let parts: [Part: Header.Entry]

  /// Whether factors are stored as MLX stores them: down as inputs × rank.
  let isTransposed: Bool

  private func extents(_ part: Part) -> [Int]? { parts[part]?.shape.extents }

  /// Up and down where they do not agree on the rank.
  var rankClash: (up: Shape, down: Shape)? {
    guard let up = parts[.up]?.shape, let down = parts[.down]?.shape else { return nil }
    guard up.rank >= 2, down.rank >= 2 else { return (up, down) }
    let (upRank, downRank) =
      isTransposed
      ? (up.extents[0], down.extents[1]) : (up.extents[1], down.extents[0])
    if let core = extents(.mid) {
      return core.count > 2 && core[0] == upRank && core[1] == downRank ? nil : (up, down)
    }
    let hasOneTap = isTransposed || up.extents[2...].allSatisfy { $0 == 1 }
    return upRank == downRank && hasOneTap ? nil : (up, down)
  }

  func rank(of algorithm: Algorithm) -> Int {
    switch algorithm {
    case .lora, .dora: extents(.down)?[isTransposed ? 1 : 0] ?? 0
    case .loha: extents(.hadamard1B)?.first ?? 0
    case .lokr: extents(.kronecker2B)?.first ?? extents(.kronecker1B)?.first ?? 0
    case .glora: extents(.gloraB1)?.min() ?? 0
    case .full, .norm, .ia3, .oft, .boft: 0
    }
  }

  /// The layer's extents; `nil` where the parts do not fit each other.
  func extents(of algorithm: Algorithm) -> Module.Extents? {
    switch algorithm {
    case .lora, .dora: lowRank
    case .loha: hadamard
    case .lokr: kronecker
    case .full, .norm: whole
    case .glora: glora
    case .ia3: vector(.ia3Weight)
    case .oft, .boft: vector(.orthogonalBlocks)
    }
  }

  private var lowRank: Module.Extents? {
    guard let up = extents(.up), let down = extents(.down) else { return nil }
    if isTransposed { return Module.Extents(outputs: up[1], inputs: down[0], kernel: []) }
    let kernel = extents(.mid).map { Array($0[2...]) } ?? Array(down[2...])
    return Module.Extents(outputs: up[0], inputs: down[1], kernel: kernel)
  }

  private var hadamard: Module.Extents? {
    guard let a1 = extents(.hadamard1A), let b1 = extents(.hadamard1B),
      let a2 = extents(.hadamard2A), let b2 = extents(.hadamard2B),
      [a1, b1, a2, b2].allSatisfy({ $0.count == 2 })
    else { return nil }
    if let core1 = extents(.hadamardCore1), let core2 = extents(.hadamardCore2) {
      let fits =
        core1.count > 2 && core2.count == core1.count && core1[2...] == core2[2...]
        && core1[..<2] == [a1[0], b1[0]] && core2[..<2] == [a2[0], b2[0]]
      guard fits, a1[1] == a2[1], b1[1] == b2[1] else { return nil }
      return Module.Extents(outputs: a1[1], inputs: b1[1], kernel: Array(core1[2...]))
    }
    guard a1[0] == a2[0], b1[1] == b2[1], a1[1] == b1[0], a2[1] == b2[0] else { return nil }
    return Module.Extents(outputs: a1[0], inputs: b1[1], kernel: [])
  }

  private var kronecker: Module.Extents? {
    guard let first = kroneckerFactor(.kronecker1, .kronecker1A, .kronecker1B, core: nil),
      let second = kroneckerFactor(.kronecker2, .kronecker2A, .kronecker2B, core: .kroneckerCore)
    else { return nil }
    return Module.Extents(
      outputs: first.outputs * second.outputs, inputs: first.inputs * second.inputs,
      kernel: second.kernel)
  }

  private func kroneckerFactor(
    _ whole: Part, _ a: Part, _ b: Part, core: Part?
  ) -> Module.Extents? {
    if let extents = extents(whole) {
      guard extents.count >= 2 else { return nil }
      return Module.Extents(outputs: extents[0], inputs: extents[1], kernel: Array(extents[2...]))
    }
    guard let a = extents(a), let b = extents(b) else {
      return Module.Extents(outputs: 1, inputs: 1, kernel: [])
    }
    guard a.count == 2, b.count >= 2 else { return nil }
    if let core, let core = extents(core) {
      guard core.count > 2, core[..<2] == [a[0], b[0]] else { return nil }
      return Module.Extents(outputs: a[1], inputs: b[1], kernel: Array(core[2...]))
    }
    guard a[1] == b[0] else { return nil }
    return Module.Extents(outputs: a[0], inputs: b[1], kernel: Array(b[2...]))
  }

  private var whole: Module.Extents? {
    let candidates: [Part] = [
      .weightDifference, .normWeightDifference, .weight, .biasDifference, .normBiasDifference,
    ]
    guard let extents = candidates.lazy.compactMap({ self.extents($0) }).first else { return nil }
    guard let outputs = extents.first else {
      return Module.Extents(outputs: 1, inputs: 1, kernel: [])
    }
    let inputs = extents.count > 1 ? extents[1] : 1
    return Module.Extents(outputs: outputs, inputs: inputs, kernel: Array(extents.dropFirst(2)))
  }

  private var glora: Module.Extents? {
    guard let a1 = extents(.gloraA1), let a2 = extents(.gloraA2), let b1 = extents(.gloraB1),
      let b2 = extents(.gloraB2), [a1, a2, b1, b2].allSatisfy({ $0.count >= 2 })
    else { return nil }
    // b1·b2 in new files, b2·b1 in old ones.
    if b1[1] == b2[0] { return Module.Extents(outputs: b1[0], inputs: b2[1], kernel: []) }
    return b2[1] == b1[0] ? Module.Extents(outputs: b2[0], inputs: b1[1], kernel: []) : nil
  }

  private func vector(_ part: Part) -> Module.Extents? {
    extents(part).map { Module.Extents(outputs: $0.reduce(1, *), inputs: 1, kernel: []) }
  }
}
