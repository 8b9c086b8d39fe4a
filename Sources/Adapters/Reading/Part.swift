package import Safetensors
package import Tensors

/// The role of a tensor in its module.
package enum Part: Hashable, Sendable {
  case up
  case down

  /// The core between up and down of a Tucker-decomposed convolution.
  case mid
  case alpha

  /// The magnitudes of a weight-decomposed adapter (DoRA).
  case magnitude

  /// A difference of the layer's bias.
  case biasDifference

  /// A full difference of the layer's weight.
  case weightDifference

  /// The layer's weight itself, which replaces the model's; `bias` replaces its bias.
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

  /// The blocks of one range of a layer's rows, by its index: sd-scripts keeps a list of them.
  case orthogonalBlocksOfRows(Int)
  case rescale
  case ia3Weight
  case ia3OnInput

  /// Rows that replace rows of the model's table (PEFT's trainable tokens).
  case tokenRows
}

/// A tensor of a module, and the suffix of its name.
package struct PartTensor: Sendable {
  package let entry: Header.Entry
  let suffix: Suffix
  let spelling: Spelling

  /// The elements that replace the stored ones: some rows of them, or rows of several tensors.
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

/// The shapes of a module's parts.
package struct PartShapes: Sendable {
  let parts: [Part: PartTensor]

  /// Whether factors are stored as MLX stores them: down as inputs × rank.
  let isTransposed: Bool

  func extents(_ part: Part) -> [Int]? { parts[part]?.shape.extents }

  /// Whether at least one of the parts exists.
  func holds(_ some: Part...) -> Bool { some.contains { parts[$0] != nil } }

  /// The shapes of up and down if their ranks differ.
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

  /// Whether a part has no elements; its other extents may then have any size.
  var hasEmptyPart: Bool {
    parts.contains { $0.key != .alpha && $0.key != .ia3OnInput && $0.value.elementCount == 0 }
  }
}
