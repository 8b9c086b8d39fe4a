import Names
import Tensors

/// A difference of a norm's weight or bias.
struct Norm: Algorithm {
  let name = "norm"
  let title = "a difference of a norm"
  let isWhole = true
  let isNorm = true

  func isMade(of parts: PartShapes, for target: Target) -> Bool {
    parts.holds(.normWeightDifference, .normBiasDifference)
      || parts.holdsWhole && target.key.hasSuffix("norm")
  }

  func extents(of parts: PartShapes) -> Module.Extents? { parts.wholeExtents }
  func update(of module: Module) throws -> Update { try module.wholeUpdate() }
  func isSpecial(_ module: Module) -> Bool { module.replacesWeight }

  func change(of weight: Matrix, isTransposed: Bool, by module: Module) throws -> Matrix {
    try module.wholeChange(of: weight, isTransposed: isTransposed)
  }
}
