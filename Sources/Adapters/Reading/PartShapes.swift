import Safetensors
import Tensors

/// What the shapes of a module's parts say.
struct PartShapes {
  let parts: [Part: PartTensor]

  /// Whether factors are stored as MLX stores them: down as inputs × rank.
  let isTransposed: Bool

  private func extents(_ part: Part) -> [Int]? { parts[part]?.shape.extents }

  /// Up and down where they do not agree on the rank.
  var rankClash: (up: Shape, down: Shape)? {
    guard let up = parts[.up]?.shape, let down = parts[.down]?.shape else { return nil }
    guard up.rank >= 2, down.rank >= 2 else { return (up, down) }
    if isTransposed && (up.rank > 2 || down.rank > 2) { return (up, down) }
    let (upRank, downRank) =
      isTransposed
      ? (up.extents[0], down.extents[1]) : (up.extents[1], down.extents[0])
    let hasOneTap = isTransposed || up.extents[2...].allSatisfy { $0 == 1 }
    if let core = extents(.mid) {
      let fits =
        core.count > 2 && core[0] == upRank && core[1] == downRank && hasOneTap
        && down.extents[2...].allSatisfy { $0 == 1 }
      return fits ? nil : (up, down)
    }
    return upRank == downRank && hasOneTap ? nil : (up, down)
  }

  /// Whether down's rows are those of several products, of which up has the columns of one.
  var holdsSeveralProducts: Bool {
    guard let up = extents(.up), let down = extents(.down), up.count >= 2, down.count >= 2,
      up[1] > 0, down[0] > up[1], down[0] % up[1] == 0
    else { return false }
    return up[0] % (down[0] / up[1]) == 0
  }

  /// Whether up or down has no elements.
  var hasEmptyFactor: Bool { [Part.up, .down].contains { parts[$0]?.elementCount == 0 } }

  /// Whether a part has no elements; its extents may then be of any size.
  var hasEmptyPart: Bool {
    parts.contains { $0.key != .alpha && $0.key != .ia3OnInput && $0.value.elementCount == 0 }
  }

  func rank(of algorithm: Algorithm) -> Int {
    switch algorithm {
    case .lora, .dora: extents(.down)?[isTransposed ? 1 : 0] ?? 0
    case .loha: extents(.hadamard1B)?.first ?? 0
    case .lokr: extents(.kronecker2B)?.first ?? extents(.kronecker1B)?.first ?? 0
    case .glora: gloraFactors?.inner ?? 0
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
    case .ia3: scaledVector
    case .oft, .boft: rotated
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
    let outputs = first.outputs.multipliedReportingOverflow(by: second.outputs)
    let inputs = first.inputs.multipliedReportingOverflow(by: second.inputs)
    guard first.kernel.allSatisfy({ $0 == 1 }), !outputs.overflow, !inputs.overflow else {
      return nil
    }
    return Module.Extents(
      outputs: outputs.partialValue, inputs: inputs.partialValue, kernel: second.kernel)
  }

  private func kroneckerFactor(
    _ whole: Part, _ a: Part, _ b: Part, core: Part?
  ) -> Module.Extents? {
    if let extents = extents(whole) {
      guard extents.count >= 2 else { return nil }
      return Module.Extents(outputs: extents[0], inputs: extents[1], kernel: Array(extents[2...]))
    }
    guard let a = extents(a), let b = extents(b), a.count == 2, b.count >= 2 else { return nil }
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
      .bias,
    ]
    guard let extents = candidates.lazy.compactMap({ self.extents($0) }).first else { return nil }
    guard let outputs = extents.first else {
      return Module.Extents(outputs: 1, inputs: 1, kernel: [])
    }
    let inputs = extents.count > 1 ? extents[1] : 1
    return Module.Extents(outputs: outputs, inputs: inputs, kernel: Array(extents.dropFirst(2)))
  }

  private var glora: Module.Extents? {
    gloraFactors.map { factors in
      let taps = factors.right.count > 2 ? factors.right : factors.left
      return Module.Extents(
        outputs: factors.left[0], inputs: factors.right[1], kernel: Array(taps[2...]))
    }
  }

  /// The two factors of GLoRA's additive half: b1·b2 in new files, b2·b1 in old ones.
  ///
  /// Of a square layer both orders fit; the extent between the factors is the smaller one.
  private var gloraFactors: (left: [Int], right: [Int], inner: Int)? {
    guard let a1 = extents(.gloraA1), let a2 = extents(.gloraA2), let b1 = extents(.gloraB1),
      let b2 = extents(.gloraB2), [a1, a2, b1, b2].allSatisfy({ $0.count >= 2 })
    else { return nil }
    return [(b1, b2), (b2, b1)].filter { $0[1] == $1[0] }
      .map { (left: $0, right: $1, inner: $0[1]) }
      .min { $0.inner < $1.inner }
  }

  /// (IA)³: one factor a row, or a column where it scales what goes into the layer.
  private var scaledVector: Module.Extents? {
    guard let extents = extents(.ia3Weight) else { return nil }
    if extents.count == 2 && extents[0] == 1 {
      return Module.Extents(outputs: 1, inputs: extents[1], kernel: [])
    }
    return Module.Extents(outputs: extents.reduce(1, *), inputs: 1, kernel: [])
  }

  /// Blocks b × b along the diagonal: [n, b, b], BOFT's [m, n, b, b]; of OFTv2 the triangles
  /// above their diagonals, [n, b·(b − 1)/2], which rotate what goes into the layer.
  private var rotated: Module.Extents? {
    guard let extents = extents(.orthogonalBlocks), let last = extents.last else { return nil }
    if extents.count >= 3 {
      let blocks = extents[extents.count - 3]
      return Module.Extents(outputs: blocks * last, inputs: 1, kernel: [])
    }
    if extents.count == 2, parts[.orthogonalBlocks]?.spelling == .peft {
      let width = Int((1 + Double(1 + 8 * last).squareRoot()) / 2)
      return Module.Extents(outputs: 1, inputs: extents[0] * width, kernel: [])
    }
    return Module.Extents(outputs: extents.reduce(1, *), inputs: 1, kernel: [])
  }
}
