import LinearAlgebra
import Names
import Tensors

/// scale · up · down, perhaps with a core between them (Tucker convolutions).
///
/// Source: Hu et al., LoRA (arXiv 2106.09685); Yeh et al., LyCORIS (2309.14859) for Tucker forms.
struct LoRA: Algorithm {
  let name = "lora"
  let title = "LoRA"
  let isProduct = true
  let hasFactors = true
  let vanishesWithAlpha = true

  func isMade(of parts: PartShapes, for target: Target) -> Bool { parts.holds(.up, .down) }
  func neededParts(of parts: PartShapes) -> [Part] { [.up, .down] }
  func rank(of parts: PartShapes) -> Int { parts.lowRank }
  func extents(of parts: PartShapes) -> Module.Extents? { parts.lowRankExtents }
  func expandedRank(of module: Module) -> Int { module.productRank }
  func update(of module: Module) throws -> Update {
    .scaled(try module.product(), by: module.scale)
  }

  func isSpecial(_ module: Module) -> Bool {
    module.isTucker || module.parts[.magnitude] != nil || module.parts[.reshape] != nil
      || module.replacesWeight
  }

  func rowParts(of module: Module) -> [Part: Int]? { module.naming.isTransposed ? nil : [.up: 1] }
  var factorPairs: [(Part, Part)] { [(.up, .down)] }

  func obstacle(to naming: Naming, of module: Module) -> String? {
    naming.holdsLyCORIS ? nil : module.isTucker ? "Tucker" : title
  }
}

extension PartShapes {
  /// The rank of up and down.
  var lowRank: Int { extents(.down)?[isTransposed ? 1 : 0] ?? 0 }

  /// The extents of the layer that up and down change.
  var lowRankExtents: Module.Extents? {
    guard let up = extents(.up), let down = extents(.down) else { return nil }
    if isTransposed { return Module.Extents(outputs: up[1], inputs: down[0], kernel: []) }
    let kernel = extents(.mid).map { Array($0[2...]) } ?? Array(down[2...])
    return Module.Extents(outputs: up[0], inputs: down[1], kernel: kernel)
  }
}

extension Module {
  /// The rank of up·down; with a core it is the rank of up.
  var productRank: Int { parts[.mid]?.shape.extents[0] ?? rank }

  /// up·down without the scale.
  func product() throws -> Update {
    let (up, down) = (try matrix(.up), try matrix(.down))
    if naming.isTransposed { return .product(up: up.transposed, down: down.transposed) }
    return .product(up: up, down: parts[.mid] == nil ? down : try foldedCore(.mid, into: down))
  }
}
