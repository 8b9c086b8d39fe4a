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
