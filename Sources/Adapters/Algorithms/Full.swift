import LinearAlgebra
import Names
import Safetensors
import Tensors

/// A full difference of a weight or a bias, or a replacement of either.
struct Full: Algorithm {
  let name = "full"
  let title = "a full difference"
  let isWhole = true

  func isMade(of parts: PartShapes, for target: Target) -> Bool { parts.holdsWhole }
  func extents(of parts: PartShapes) -> Module.Extents? { parts.wholeExtents }
  func update(of module: Module) throws -> Update { try module.wholeUpdate() }
  func isSpecial(_ module: Module) -> Bool { module.replacesWeight }

  func change(of weight: Matrix, isTransposed: Bool, by module: Module) throws -> Matrix {
    try module.wholeChange(of: weight, isTransposed: isTransposed)
  }
}

extension PartShapes {
  var holdsWhole: Bool { holds(.weightDifference, .biasDifference, .weight, .bias) }

  var wholeExtents: Module.Extents? {
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
}

extension Module {
  func wholeUpdate() throws -> Update {
    let difference = Update.dense(try wholeDifference())
    return scale == 1 ? difference : .scaled(difference, by: scale)
  }

  private func wholeDifference() throws -> Matrix {
    if replacesWeight {
      throw AdapterError(file: file.path, reason: .replacesWeight(module: name))
    }
    for part in [Part.weightDifference, .normWeightDifference] where parts[part] != nil {
      return try matrix(part)
    }
    return Matrix(zeros: extents.outputs, extents.columns)
  }

  func wholeChange(of weight: Matrix, isTransposed: Bool) throws -> Matrix {
    if !replacesWeight { return try changeByUpdate(of: weight, isTransposed: isTransposed) }
    return try ownWeight(like: weight, isTransposed: isTransposed).map { $0 - weight }
      ?? Matrix(zeros: weight.rows, weight.columns)
  }
}
