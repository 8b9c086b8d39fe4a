import LinearAlgebra
import Names
import Tensors

/// scale · A ⊗ B, each element of A times all of B; each factor is a full matrix or a product.
///
/// Source: Yeh et al., LyCORIS (arXiv 2309.14859).
struct LoKr: Algorithm {
  let name = "lokr"
  let title = "LoKr"
  let vanishesWithAlpha = true
  let isScaledByConfiguredRank = true

  func isMade(of parts: PartShapes, for target: Target) -> Bool {
    parts.holds(.kronecker1, .kronecker1A, .kronecker2, .kronecker2A)
  }

  func neededParts(of parts: PartShapes) -> [Part] {
    neededParts(of: parts, .kronecker1, .kronecker1A, .kronecker1B)
      + neededParts(of: parts, .kronecker2, .kronecker2A, .kronecker2B)
  }

  /// The parts that one factor needs: the full matrix, or both halves of the product.
  private func neededParts(of parts: PartShapes, _ whole: Part, _ a: Part, _ b: Part) -> [Part] {
    parts.holds(a, b) ? [a, b] : [whole]
  }

  func rank(of parts: PartShapes) -> Int {
    parts.extents(.kronecker2B)?.first ?? parts.extents(.kronecker1B)?.first ?? 0
  }

  func extents(of parts: PartShapes) -> Module.Extents? {
    guard
      let first = extents(of: parts, .kronecker1, .kronecker1A, .kronecker1B, core: nil),
      let second = extents(
        of: parts, .kronecker2, .kronecker2A, .kronecker2B, core: .kroneckerCore)
    else { return nil }
    let outputs = first.outputs.multipliedReportingOverflow(by: second.outputs)
    let inputs = first.inputs.multipliedReportingOverflow(by: second.inputs)
    guard first.kernel.allSatisfy({ $0 == 1 }), !outputs.overflow, !inputs.overflow else {
      return nil
    }
    return Module.Extents(
      outputs: outputs.partialValue, inputs: inputs.partialValue, kernel: second.kernel)
  }

  private func extents(
    of parts: PartShapes, _ whole: Part, _ a: Part, _ b: Part, core: Part?
  ) -> Module.Extents? {
    if let extents = parts.extents(whole) {
      guard extents.count >= 2 else { return nil }
      return Module.Extents(outputs: extents[0], inputs: extents[1], kernel: Array(extents[2...]))
    }
    guard let a = parts.extents(a), let b = parts.extents(b), a.count == 2, b.count >= 2 else {
      return nil
    }
    if let core, let core = parts.extents(core) {
      guard core.count > 2, core[..<2] == [a[0], b[0]] else { return nil }
      return Module.Extents(outputs: a[1], inputs: b[1], kernel: Array(core[2...]))
    }
    guard a[1] == b[0] else { return nil }
    return Module.Extents(outputs: a[0], inputs: b[1], kernel: Array(b[2...]))
  }

  func expandedRank(of module: Module) -> Int {
    rank(in: module, .kronecker1, .kronecker1B, core: nil)
      * rank(in: module, .kronecker2, .kronecker2B, core: .kroneckerCore)
  }

  /// The rank of one factor: the inner extent of a product, the smaller side of a full matrix.
  private func rank(in module: Module, _ whole: Part, _ b: Part, core: Part?) -> Int {
    if let extents = module.parts[whole]?.shape.extents {
      return min(extents[0], extents[1...].reduce(1, *))
    }
    return (core.flatMap { module.parts[$0] } ?? module.parts[b])?.shape.extents.first ?? 1
  }

  func update(of module: Module) throws -> Update {
    .scaled(
      .kronecker(
        try factor(of: module, .kronecker1, .kronecker1A, .kronecker1B, core: nil),
        try factor(of: module, .kronecker2, .kronecker2A, .kronecker2B, core: .kroneckerCore)),
      by: module.scale)
  }

  private func factor(
    of module: Module, _ whole: Part, _ a: Part, _ b: Part, core: Part?
  ) throws -> Update {
    module.parts[whole] != nil
      ? .dense(try module.matrix(whole)) : try module.factor(a, b, core: core)
  }

  /// Each row of the first factor makes as many rows of the layer as the second factor has.
  func rowParts(of module: Module) -> [Part: Int]? {
    guard !module.isTucker,
      let rows = (module.parts[.kronecker2] ?? module.parts[.kronecker2A])?.shape.extents.first
    else { return nil }
    return [module.parts[.kronecker1] == nil ? .kronecker1A : .kronecker1: rows]
  }
}
