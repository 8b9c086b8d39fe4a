import LinearAlgebra
import Names
import Tensors

/// scale · (A₁B₁) ∘ (A₂B₂), element by element; each product may have a core.
///
/// Source: Hyeon-Woo et al., FedPara (arXiv 2108.06098).
struct LoHa: Algorithm {
  let name = "loha"
  let title = "LoHa"
  let vanishesWithAlpha = true

  func isMade(of parts: PartShapes, for target: Target) -> Bool {
    parts.holds(.hadamard1A, .hadamard2A)
  }

  func neededParts(of parts: PartShapes) -> [Part] {
    [.hadamard1A, .hadamard1B, .hadamard2A, .hadamard2B]
  }

  func rank(of parts: PartShapes) -> Int { parts.extents(.hadamard1B)?.first ?? 0 }

  func extents(of parts: PartShapes) -> Module.Extents? {
    guard let a1 = parts.extents(.hadamard1A), let b1 = parts.extents(.hadamard1B),
      let a2 = parts.extents(.hadamard2A), let b2 = parts.extents(.hadamard2B),
      [a1, b1, a2, b2].allSatisfy({ $0.count == 2 })
    else { return nil }
    if let core1 = parts.extents(.hadamardCore1), let core2 = parts.extents(.hadamardCore2) {
      let fits =
        core1.count > 2 && core2.count == core1.count && core1[2...] == core2[2...]
        && core1[..<2] == [a1[0], b1[0]] && core2[..<2] == [a2[0], b2[0]]
      guard fits, a1[1] == a2[1], b1[1] == b2[1] else { return nil }
      return Module.Extents(outputs: a1[1], inputs: b1[1], kernel: Array(core1[2...]))
    }
    guard a1[0] == a2[0], b1[1] == b2[1], a1[1] == b1[0], a2[1] == b2[0] else { return nil }
    return Module.Extents(outputs: a1[0], inputs: b1[1], kernel: [])
  }

  /// r₁·r₂, limited to min(m, n): above it the update is formed as a full matrix.
  func expandedRank(of module: Module) -> Int {
    let (parts, most) = (module.parts, min(module.extents.outputs, module.extents.columns))
    guard let first = (parts[.hadamardCore1] ?? parts[.hadamard1B])?.shape.extents.first,
      let second = (parts[.hadamardCore2] ?? parts[.hadamard2B])?.shape.extents.first
    else { return most }
    return min(first * second, most)
  }

  func update(of module: Module) throws -> Update {
    .scaled(
      .hadamard(
        try module.factor(.hadamard1A, .hadamard1B, core: .hadamardCore1),
        try module.factor(.hadamard2A, .hadamard2B, core: .hadamardCore2)), by: module.scale)
  }

  func rowParts(of module: Module) -> [Part: Int]? {
    module.isTucker ? nil : [.hadamard1A: 1, .hadamard2A: 1]
  }

  var factorPairs: [(Part, Part)] { [(.hadamard1A, .hadamard1B), (.hadamard2A, .hadamard2B)] }
}
