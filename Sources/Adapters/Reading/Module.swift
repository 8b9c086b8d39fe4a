package import Names
package import Safetensors
package import Tensors

/// The tensors that change one layer, and the algorithm that they belong to.
package struct Module: Sendable {
  package enum Kind: String, Hashable, Sendable {
    case linear
    case conv
    case embedding
  }

  /// The extents of the changed layer's weight.
  package struct Extents: Hashable, Sendable {
    package let outputs: Int

    /// The inputs, or a convolution's input channels.
    package let inputs: Int

    /// The kernel of a convolution; empty for a linear layer, `[1, 1]` where the file says so.
    package let kernel: [Int]

    package init(outputs: Int, inputs: Int, kernel: [Int]) {
      self.outputs = outputs
      self.inputs = inputs
      self.kernel = kernel
    }

    /// The columns of the weight as a matrix: inputs · kernel.
    package var columns: Int { kernel.reduce(inputs, *) }

    package var isConvolution: Bool { !kernel.isEmpty }

    /// Whether ranks for convolutions apply: the kernel has more than one pixel.
    package var hasWideKernel: Bool { kernel.contains { $0 > 1 } }

    package var shape: Shape { Shape([outputs, inputs] + kernel) }
  }

  /// The file that holds the parts.
  package let file: SafetensorsFile

  /// The module's name as the file spells it, without the parts' suffixes.
  package let name: String

  /// The text before the layer's own name, such as `lora_unet_`.
  package let prefix: String
  package private(set) var target: Target
  package let naming: Naming
  package let algorithm: any Algorithm
  package let kind: Kind
  package private(set) var extents: Extents

  /// The rank of the factors, those of LoHa and LoKr included; 0 where there is none.
  package private(set) var rank: Int

  /// The alpha that the file stores or a configuration beside it gives; `nil` where neither does.
  package let alpha: Double?

  /// The factor that up·down is multiplied by.
  package let scale: Double
  package private(set) var parts: [Part: PartTensor]

  /// Whether the model stores the layer's weight as inputs × outputs: an embedding table, or a
  /// layer that a configuration marks so (`fan_in_fan_out`).
  package let isTransposed: Bool

  /// Whether PEFT's (IA)³ scales the layer's input; `nil` where only the shapes tell.
  let scalesInputs: Bool?

  /// The element type of the weights; the widest if they differ.
  package let type: ElementType

  /// The expert that the module belongs to, if its parts hold the factors of several side by side.
  package var expert: Expert? = nil

  /// Whether there is a Tucker core between the factors.
  package var isTucker: Bool {
    [.mid, .hadamardCore1, .hadamardCore2, .kroneckerCore].contains { parts[$0] != nil }
  }

  /// Whether the file holds the layer's weight or bias itself and not a difference.
  package var replacesWeight: Bool { parts[.weight] != nil || parts[.bias] != nil }

  /// Whether the update is zero for any factors, because alpha is zero.
  package var isStill: Bool {
    scale == 0 && algorithm.vanishesWithAlpha && parts[.weight] == nil
  }

  /// Whether the module's update can be computed without the base model.
  package var hasUpdate: Bool {
    algorithm.hasUpdate && !(algorithm.isWhole && replacesWeight)
  }

  /// The factors alone, without a weight or a bias that replaces the model's.
  var withoutOwnTensors: Module {
    if rank == 0 { return self }
    var module = self
    module.parts = parts.filter { $0.key != .weight && $0.key != .bias }
    return module
  }

  /// The module with another layer's parts.
  func with(
    _ parts: [Part: PartTensor], target: Target, outputs: Int, rank: Int
  ) -> Module {
    var module = self
    module.parts = parts
    module.target = target
    module.extents = Extents(outputs: outputs, inputs: extents.inputs, kernel: extents.kernel)
    module.rank = rank
    return module
  }

  /// The module with its layer's name resolved by the tables of its model.
  func resolved(in model: BaseModel) -> Module {
    var module = self
    module.target = target.resolved(in: model)
    return module
  }

  /// Tells the system that the weights are no longer needed in memory.
  package func release() {
    for tensor in parts.values { file.release(tensor.entry) }
  }

  package var byteCount: Int { parts.values.reduce(0) { $0 + $1.entry.range.count } }
}
