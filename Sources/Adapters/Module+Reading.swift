import Names
import Safetensors
import Tensors

extension Module.Extents {
  /// A convolution's, where its kernel was flattened into the inputs: LyCORIS stores the factors
  /// of one without a core as matrices.
  fileprivate func splittingKernel(_ kernel: [Int]) -> Module.Extents {
    let taps = kernel.reduce(1, *)
    guard self.kernel.isEmpty, inputs % taps == 0 else { return self }
    return Module.Extents(outputs: outputs, inputs: inputs / taps, kernel: kernel)
  }
}

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

    if shapes.hasEmptyFactor { throw refuse(.emptyFactors(module: name)) }
    if let clash = shapes.rankClash {
      if group.spellings.contains(.loralib) || group.spellings.contains(.peft),
        shapes.holdsSeveralProducts
      {
        throw refuse(.severalProducts(module: name, up: clash.up, down: clash.down))
      }
      throw refuse(.ranksDiffer(module: name, up: clash.up, down: clash.down))
    }
    let rank = shapes.rank(of: algorithm)
    guard !shapes.hasEmptyPart, let found = shapes.extents(of: algorithm),
      found.shape.elementCount != nil
    else {
      let listed = parts.values.map { "\($0.shape)" }.sorted().joined(separator: ", ")
      throw refuse(
        .shapesDiffer(
          module: name,
          detail: "has parts of shapes \(listed), which do not fit each other; is the file whole?"))
    }
    let extents = target.isThreeByThree ? found.splittingKernel([3, 3]) : found

    var stored = try Self.alpha(parts[.alpha], of: name, in: file)
    var scaling = configuration?.scaling(
      of: name, prefix: prefix, algorithm, rank: rank, storedAlpha: stored)
    if let own = try Self.alpha(group.scale, of: name, in: file) {
      stored = own * Double(max(rank, 1))
      scaling = (stored, own)
    }
    let kind = Self.kind(parts, extents, target, naming)
    self.init(
      name: name, prefix: prefix, target: target, naming: naming,
      algorithm: algorithm == .full && target.key.hasSuffix("norm") ? .norm : algorithm,
      kind: kind, extents: extents, rank: rank,
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

  /// MLX spells the factors of a table as those of other layers.
  private static func kind(
    _ parts: [Part: Header.Entry], _ extents: Extents, _ target: Target, _ naming: Naming
  ) -> Kind {
    if parts.values.contains(where: { contains("lora_embedding_", in: $0.name.string) }) {
      return .embedding
    }
    if naming == .mlx && target.isTokenTable && parts[.up] != nil { return .embedding }
    return extents.isConvolution ? .conv : .linear
  }
}
