package import Names
package import Safetensors
package import Tensors

/// The tensors that change one layer, and what they are to each other.
package struct Module: Sendable {
  package enum Kind: String, Hashable, Sendable {
    case linear
    case conv
    case embedding
  }

  /// The layer that is changed: the extents of its weight.
  package struct Extents: Hashable, Sendable {
    package let outputs: Int

    /// Of a convolution, its input channels.
    package let inputs: Int

    /// A convolution's; empty for a linear layer, `[1, 1]` where the file says so.
    package let kernel: [Int]

    package init(outputs: Int, inputs: Int, kernel: [Int]) {
      self.outputs = outputs
      self.inputs = inputs
      self.kernel = kernel
    }

    /// The columns of the weight as a matrix: inputs · kernel.
    package var columns: Int { kernel.reduce(inputs, *) }

    package var isConvolution: Bool { !kernel.isEmpty }

    /// Whether ranks of convolutions apply: a kernel of more than one pixel.
    package var hasWideKernel: Bool { kernel.contains { $0 > 1 } }

    package var shape: Shape { Shape([outputs, inputs] + kernel) }
  }

  /// The file that the parts lie in.
  package let file: SafetensorsFile

  /// As the file spells it, without the parts' suffixes.
  package let name: String

  /// What stands before the layer's own name, such as `lora_unet_`.
  package let prefix: String
  package let target: Target
  package let naming: Naming
  package let algorithm: any Algorithm
  package let kind: Kind
  package let extents: Extents

  /// Of LoHa and LoKr, that of their factors; 0 where there is none.
  package let rank: Int

  /// As stored, or as a configuration beside the file says; `nil` where neither does.
  package let alpha: Double?

  /// What up·down is multiplied by.
  package let scale: Double
  package private(set) var parts: [Part: PartTensor]

  /// Whether the layer's weight lies inputs × outputs in its model: a table that is looked up in,
  /// or a layer that a configuration calls so (`fan_in_fan_out`).
  package let isTransposed: Bool

  /// Whether PEFT's (IA)³ scales what goes into the layer; `nil` where only shapes tell.
  let scalesInputs: Bool?

  /// The element type of the weights, the widest where they differ.
  package let type: ElementType

  /// Which of several experts' factors the module is, where they lie side by side in its parts.
  package var expert: Expert? = nil

  /// Whether a Tucker core stands between the factors.
  package var isTucker: Bool {
    [.mid, .hadamardCore1, .hadamardCore2, .kroneckerCore].contains { parts[$0] != nil }
  }

  /// Whether the file holds the layer's weight or bias itself, not what is added to it.
  package var replacesWeight: Bool { parts[.weight] != nil || parts[.bias] != nil }

  /// Whether the update is zero whatever the factors are, since alpha is.
  package var isStill: Bool {
    scale == 0 && algorithm.vanishesWithAlpha && parts[.weight] == nil
  }

  /// Whether what the module adds to its layer's weight can be told without the base model.
  package var hasUpdate: Bool {
    algorithm.hasUpdate && !(algorithm.isWhole && replacesWeight)
  }

  /// The factors alone, where a weight or a bias stands beside them in the place of the model's.
  var withoutOwnTensors: Module {
    if rank == 0 { return self }
    var module = self
    module.parts = parts.filter { $0.key != .weight && $0.key != .bias }
    return module
  }

  /// Tells the system that the weights are no longer needed in memory.
  package func release() {
    for tensor in parts.values { file.release(tensor.entry) }
  }

  package var byteCount: Int { parts.values.reduce(0) { $0 + $1.entry.range.count } }
}
