import Names
import Safetensors
import Tensors

extension Module.Extents {
  /// A convolution's extents if its kernel was flattened into the inputs: LyCORIS stores factors
  /// without a core as matrices.
  fileprivate func splittingKernel(_ kernel: [Int]) -> Module.Extents {
    let taps = kernel.reduce(1, *)
    guard self.kernel.isEmpty, inputs % taps == 0 else { return self }
    return Module.Extents(outputs: outputs, inputs: inputs / taps, kernel: kernel)
  }
}

extension Module {
  /// Reads the parts of one module by their shapes; the only value read is alpha.
  ///
  /// - Returns: `nil` if the parts make no update, or one of them lacks its counterpart.
  init?(
    _ name: String, _ group: PartGroups.Group,
    configuration: AdapterConfiguration?, file: SafetensorsFile
  ) throws(AdapterError) {
    let (target, prefix) = Target.parse(name)
    let parts = group.parts
    let naming = Naming(
      of: ModuleName(
        name, prefix: prefix, spellings: group.spellings, hasBias: parts[.biasDifference] != nil))
    let shapes = PartShapes(parts: parts, isTransposed: naming.isTransposed)
    guard
      let algorithm = algorithms.first(where: { $0.isMade(of: shapes, for: target) }),
      algorithm.neededParts(of: shapes).allSatisfy({ parts[$0] != nil })
    else { return nil }
    let refuse = { (reason: AdapterError.Reason) in AdapterError(file: file.path, reason: reason) }

    if shapes.hasEmptyFactor { throw refuse(.emptyFactors(module: name)) }
    if let clash = shapes.rankClash {
      if !group.spellings.isDisjoint(with: [.loralib, .peft]),
        shapes.holdsSeveralProducts
      {
        throw refuse(.severalProducts(module: name, up: clash.up, down: clash.down))
      }
      throw refuse(.ranksDiffer(module: name, up: clash.up, down: clash.down))
    }
    let rank = algorithm.rank(of: shapes)
    guard !shapes.hasEmptyPart, let found = algorithm.extents(of: shapes),
      found.shape.elementCount != nil
    else {
      let listed = parts.values.map { "\($0.shape)" }.sorted().joined(separator: ", ")
      throw refuse(
        .shapesDiffer(
          module: name,
          detail: "has parts of shapes \(listed), which do not fit each other; is the file whole?"))
    }
    let extents = target.isThreeByThree ? found.splittingKernel([3, 3]) : found

    var stored = try Self.alpha(parts[.alpha]?.entry, of: name, in: file)
    var scaling = configuration?.scaling(
      of: name, prefix: prefix, algorithm, rank: rank, storedAlpha: stored)
    if let own = try Self.alpha(group.scale, of: name, in: file) {
      stored = own * Double(max(rank, 1))
      scaling = (stored, own)
    }
    let kind = Self.kind(parts, extents, target, naming)
    self.init(
      file: file, name: name, prefix: prefix, target: target, naming: naming,
      algorithm: algorithm, kind: kind, extents: extents, rank: rank,
      alpha: stored ?? scaling?.alpha,
      scale: scaling?.scale ?? (rank > 0 ? (stored ?? Double(rank)) / Double(rank) : 1),
      parts: parts,
      isTransposed: kind == .embedding || (configuration?.isFanInFanOut ?? false),
      scalesInputs: configuration?.scalesInputs(of: name),
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

  private static func kind(
    _ parts: [Part: PartTensor], _ extents: Extents, _ target: Target, _ naming: Naming
  ) -> Kind {
    let isTable =
      parts.values.contains(where: \.suffix.isOfTable)
      || naming.tables == .byName && target.isTokenTable && parts[.up] != nil
    if isTable { return .embedding }
    return extents.isConvolution ? .conv : .linear
  }
}
