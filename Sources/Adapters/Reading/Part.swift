package import Safetensors
package import Tensors

/// What one tensor is to its module.
package enum Part: Hashable, Sendable {
  case up
  case down

  /// The core between up and down of a Tucker-decomposed convolution.
  case mid
  case alpha

  /// The magnitudes of a weight-decomposed adapter (DoRA).
  case magnitude

  /// What is added to the layer's bias.
  case biasDifference

  /// What is added to the layer's weight, whole.
  case weightDifference

  /// What takes the place of the layer's weight, and of its bias.
  case weight
  case bias
  case normWeightDifference
  case normBiasDifference
  case reshape

  case hadamard1A
  case hadamard1B
  case hadamard2A
  case hadamard2B
  case hadamardCore1
  case hadamardCore2

  case kronecker1
  case kronecker1A
  case kronecker1B
  case kronecker2
  case kronecker2A
  case kronecker2B
  case kroneckerCore

  case gloraA1
  case gloraA2
  case gloraB1
  case gloraB2

  case orthogonalBlocks

  /// The blocks of one part of a layer's rows, by its place: sd-scripts keeps a list of them.
  case orthogonalBlocksOfRows(Int)
  case rescale
  case ia3Weight
  case ia3OnInput

  /// Rows of a table that stand in the place of the model's (PEFT's trainable tokens).
  case tokenRows
}

/// A tensor of a module, and how its name ends.
package struct PartTensor: Sendable {
  package let entry: Header.Entry
  let suffix: Suffix
  let spelling: Spelling

  /// What stands in the place of the stored elements: some rows of them, or those of several
  /// tensors.
  var made: Made?

  struct Made: Sendable {
    let shape: Shape
    let values: @Sendable () throws -> [Double]
  }

  package var name: TensorName { entry.name }
  package var shape: Shape { made?.shape ?? entry.shape }
  package var type: ElementType { entry.type }
  package var elementCount: Int { made?.shape.elementCount ?? entry.elementCount }
}

/// What the shapes of a module's parts say.
package struct PartShapes: Sendable {
  let parts: [Part: PartTensor]

  /// Whether factors are stored as MLX stores them: down as inputs × rank.
  let isTransposed: Bool

  func extents(_ part: Part) -> [Int]? { parts[part]?.shape.extents }

  /// Whether one of some parts is there.
  func holds(_ some: Part...) -> Bool { some.contains { parts[$0] != nil } }

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

  /// Whether down holds the rows of several products, and up the columns of one.
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
}
