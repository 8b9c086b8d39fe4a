import LinearAlgebra
import Safetensors
import Tensors

/// The tensors of a module that stays of its algorithm, as a naming stores them.
package struct KeptForm: Hashable, Sendable {
  struct StoredPart: Hashable, Sendable {
    let part: Part
    let suffix: String
    let shape: Shape

    /// Whether it is a setting, which 16 bits might not hold, and no weight.
    var isNumber: Bool { part == .alpha || part == .ia3OnInput }
  }

  let parts: [StoredPart]
  let rank: Int
}

/// A module whose parts keep their meaning under another naming: DoRA, LoHa, LoKr and the others
/// of LyCORIS, Tucker convolutions.
struct KeptModule {
  private let module: Module
  private let naming: Naming
  private let type: ElementType

  init(_ module: Module, naming: Naming, type: ElementType) {
    self.module = module
    self.naming = naming
    self.type = type
  }

  /// Writes the parts.
  ///
  /// - Returns: The error of the tensors themselves, rounding being all that happens to them.
  func write(as name: String, to writer: SafetensorsWriter) throws -> Written.Module {
    var (asked, error, rounding) = (0.0, 0.0, 0.0)
    let form = module.keptForm(in: naming)
    for stored in form.parts {
      let values = try values(of: stored.part)
      let type = stored.isNumber ? ElementType.float32 : type
      let bytes = encoded(values, as: type)
      try unsafe writer.write(bytes.span.bytes, to: name + stored.suffix)
      if stored.isNumber { continue }
      let rounded = unsafe doubles(from: bytes.span.bytes, as: type)
      asked += values.squaredNorm
      rounding += type.mostRounding(squaredNorm: rounded.squaredNorm, count: rounded.count)
      error += zip(rounded, values).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    }
    return Written.Module(
      name: name, target: module.target, rank: module.rank, askedSquared: asked,
      errorSquared: error, roundingSquared: rounding)
  }

  private func values(of part: Part) throws -> [Double] {
    if part == .alpha { return [module.storedAlpha] }
    guard let entry = module.parts[part] else {
      throw AdapterError(
        file: module.file.path, reason: .missingPart(module: module.name, part: "\(part)"))
    }
    var values = try module.file.doubles(entry)
    if (part == .up || part == .down) && (naming == .mlx) != (module.naming == .mlx) {
      let rows = entry.shape.extents[0]
      values =
        Matrix(rows: rows, columns: values.count / max(rows, 1), elements: values)
        .transposed.elements
    }
    if part == .up && !naming.storesAlphaOfKept { return values.map { $0 * module.scale } }
    return values
  }
}

extension Module {
  /// The alpha that a reader makes the scale of.
  fileprivate var storedAlpha: Double {
    rank > 0 ? scale * Double(rank) : alpha ?? 1
  }

  /// Whether the module is more than up·down, a difference or a norm's: what `--plain` expands.
  package var isSpecial: Bool {
    switch algorithm {
    case .lora: isTucker || parts[.magnitude] != nil || parts[.reshape] != nil || replacesWeight
    case .full, .norm: replacesWeight
    case .dora, .loha, .lokr, .ia3, .glora, .oft, .boft: true
    }
  }

  /// Why a naming cannot hold the module as it is; `nil` where it can.
  package func obstacle(to naming: Naming) -> String? {
    if kind == .embedding && !naming.holdsTable(target) { return "an embedding" }
    if replacesWeight && (rank > 0 || parts[.bias] != nil) { return "a layer that is stored whole" }
    let holdsLyCORIS = [.kohya, .comfy, .onetrainer].contains(naming)
    let isPlainDoRA = algorithm == .dora && !isTucker && parts[.reshape] == nil
    if isPlainDoRA {
      if holdsLyCORIS { return nil }
      guard [.peft, .diffusers, .mlx].contains(naming) else { return "DoRA" }
      if !magnitudesAreOfOutputs { return "DoRA with a magnitude an input" }
      return naming == .mlx && extents.isConvolution ? "DoRA of a convolution" : nil
    }
    if !holdsLyCORIS { return isTucker && algorithm == .lora ? "Tucker" : algorithm.title }
    if parts.keys.contains(where: { KeptSuffix.text($0, naming, self) == nil }) {
      return algorithm.title
    }
    let isOfPEFT = parts.values.contains { entry in
      ["ia3_l", "oft_R.weight", "oft_r", "boft_R"].contains(where: entry.name.string.hasSuffix)
    }
    return isOfPEFT ? "PEFT's \(algorithm.title)" : nil
  }

  /// The module's tensors under a naming that can hold it.
  package func keptForm(in naming: Naming) -> KeptForm {
    var stored: [KeptForm.StoredPart] = []
    for (part, entry) in parts where part != .alpha {
      guard let suffix = KeptSuffix.text(part, naming, self) else { continue }
      stored.append(.init(part: part, suffix: suffix, shape: shape(of: part, entry, in: naming)))
    }
    if naming.storesAlphaOfKept, alpha != nil || (rank > 0 && scale != 1) {
      stored.append(.init(part: .alpha, suffix: ".alpha", shape: []))
    }
    return KeptForm(parts: stored.sorted { $0.suffix < $1.suffix }, rank: rank)
  }

  private func shape(of part: Part, _ entry: Header.Entry, in naming: Naming) -> Shape {
    switch part {
    case .up, .down:
      return (naming == .mlx) != (self.naming == .mlx)
        ? Shape(entry.shape.extents.reversed()) : entry.shape
    case .magnitude where magnitudesAreOfOutputs:
      let ones = extents.kernel.map { _ in 1 }
      switch naming {
      case .kohya, .comfy, .onetrainer: return Shape([extents.outputs, 1] + ones)
      case .peft, .diffusers:
        return ones.isEmpty ? [extents.outputs] : Shape([1, extents.outputs] + ones)
      default: return [extents.outputs]
      }
    default: return entry.shape
    }
  }
}

extension Naming {
  /// Whether alpha stands beside the parts of a kept module; else it is multiplied into up.
  fileprivate var storesAlphaOfKept: Bool { storesAlpha || self == .comfy }
}

/// How parts that only kept modules have are spelled.
private enum KeptSuffix {
  static func text(_ part: Part, _ naming: Naming, _ module: Module) -> String? {
    switch part {
    case .up, .down:
      // ComfyUI knows a core between factors of sd-scripts' spelling only.
      return (module.isTucker ? Naming.kohya : naming).suffix(part, module.kind)
    case .alpha, .biasDifference, .weightDifference: return naming.suffix(part, module.kind)
    case .magnitude:
      switch naming {
      case .peft, .diffusers: return ".lora_magnitude_vector"
      case .mlx: return ".m"
      default: return ".dora_scale"
      }
    default: return others[part]
    }
  }

  private static let others: [Part: String] = [
    .mid: ".lora_mid.weight", .hadamard1A: ".hada_w1_a", .hadamard1B: ".hada_w1_b",
    .hadamard2A: ".hada_w2_a", .hadamard2B: ".hada_w2_b", .hadamardCore1: ".hada_t1",
    .hadamardCore2: ".hada_t2", .kronecker1: ".lokr_w1", .kronecker1A: ".lokr_w1_a",
    .kronecker1B: ".lokr_w1_b", .kronecker2: ".lokr_w2", .kronecker2A: ".lokr_w2_a",
    .kronecker2B: ".lokr_w2_b", .kroneckerCore: ".lokr_t2", .gloraA1: ".a1.weight",
    .gloraA2: ".a2.weight", .gloraB1: ".b1.weight", .gloraB2: ".b2.weight",
    .orthogonalBlocks: ".oft_blocks", .rescale: ".rescale", .ia3Weight: ".weight",
    .ia3OnInput: ".on_input", .weight: ".set_weight", .reshape: ".reshape_weight",
  ]
}
