import LinearAlgebra
import Safetensors
import Tensors

/// The tensors of a module that keeps its algorithm, as a naming stores them.
package struct KeptForm: Hashable, Sendable {
  struct StoredPart: Hashable, Sendable {
    let part: Part
    let suffix: String
    let shape: Shape

    /// Whether the part is a setting that 16 bits might not hold, and not a weight.
    var isNumber: Bool { part == .alpha || part == .ia3OnInput }
  }

  let parts: [StoredPart]
  let rank: Int
}

/// A module whose parts keep their meaning under another naming: DoRA, LoHa, LoKr and LyCORIS's
/// other algorithms, Tucker convolutions.
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
  /// - Returns: The error of the tensors themselves, since rounding is all that changes them.
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
      rounding += type.maxSquaredRoundingError(
        squaredNorm: rounded.squaredNorm, count: rounded.count)
      error += zip(rounded, values).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    }
    return Written.Module(
      name: name, target: module.target, rank: module.rank, askedSquared: asked,
      errorSquared: error, roundingSquared: rounding)
  }

  private func values(of part: Part) throws -> [Double] {
    if part == .alpha { return [module.storedAlpha] }
    var values = try module.values(part)
    if (part == .up || part == .down) && naming.isTransposed != module.naming.isTransposed {
      let rows = module.parts[part]?.shape.extents.first ?? 1
      values =
        Matrix(rows: rows, columns: values.count / max(rows, 1), elements: values)
        .transposed.elements
    }
    if part == .up && !naming.holdsLyCORIS { return values.map { $0 * module.scale } }
    return values
  }
}

extension Module {
  /// The alpha from which a reader computes the scale.
  fileprivate var storedAlpha: Double {
    rank > 0 ? scale * Double(rank) : alpha ?? 1
  }

  /// Whether `--plain` expands the module: it is no plain product, difference or norm.
  package var isSpecial: Bool { algorithm.isSpecial(self) }

  /// The reason why a naming cannot hold the module as it is; `nil` where it can.
  package func obstacle(to naming: Naming) -> String? {
    if kind == .embedding && !naming.holdsTable(target) { return "an embedding" }
    if replacesWeight && (rank > 0 || parts[.bias] != nil) { return "a layer that is stored whole" }
    return algorithm.obstacle(to: naming, of: self)
  }

  /// The module's tensors under a naming that can hold it.
  package func keptForm(in naming: Naming) -> KeptForm {
    var stored: [KeptForm.StoredPart] = []
    for (part, tensor) in parts where part != .alpha {
      guard let suffix = suffix(part, in: naming) else { continue }
      stored.append(
        .init(part: part, suffix: suffix, shape: shape(of: part, tensor.shape, in: naming)))
    }
    if naming.holdsLyCORIS, alpha != nil || (rank > 0 && scale != 1) {
      stored.append(.init(part: .alpha, suffix: ".alpha", shape: []))
    }
    return KeptForm(parts: stored.sorted { $0.suffix < $1.suffix }, rank: rank)
  }

  /// The suffix of a part under a naming; ComfyUI recognises a core only between factors in
  /// sd-scripts' spelling.
  private func suffix(_ part: Part, in naming: Naming) -> String? {
    (isTucker ? .kohya : naming).suffix(part, isTable: kind == .embedding)
  }

  private func shape(of part: Part, _ shape: Shape, in naming: Naming) -> Shape {
    switch part {
    case .up, .down:
      naming.isTransposed != self.naming.isTransposed ? Shape(shape.extents.reversed()) : shape
    case .magnitude where magnitudesAreOfOutputs: naming.magnitudes(extents) ?? shape
    default: shape
    }
  }
}
