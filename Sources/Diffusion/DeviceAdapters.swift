package import Compute
package import Names
import Tensors

/// Low-rank adapters on a device, bound to the layers they stand beside.
package struct DeviceAdapters {
  package let modules: AdaptedModules

  /// All D and U, flat, float32.
  package let parameters: Tensor

  /// The same in the type of activations; the parameters themselves where that is float32.
  private let factors: Tensor

  /// Their gradients, added to by each backward pass; `nil` where nothing is trained.
  package private(set) var gradient: Tensor?
  package private(set) var tape: Tape?
  private var multiplier: Float = 1
  private var dropout: AdapterDropout?

  /// - Parameters:
  ///   - tape: Records the passes of adapters that are trained; `nil` where they are only used.
  ///   - dropout: Each module draws from a stream of its own.
  package init(
    _ modules: AdaptedModules, values: [Float], tape: Tape? = nil, dropout: AdapterDropout? = nil,
    on backend: any Backend
  ) {
    self.modules = modules
    parameters = Tensor(values, shape: [values.count], on: backend)
    factors = Self.factors(of: parameters)
    gradient = tape.map { _ in Tensor(zeros: [values.count], on: backend) }
    self.tape = tape
    self.dropout = dropout
  }

  /// The same parameters at another strength, only used: nothing is recorded or dropped.
  package func scaled(_ multiplier: Float) -> DeviceAdapters {
    var other = self
    (other.gradient, other.tape, other.dropout) = (nil, nil, nil)
    other.multiplier = multiplier
    return other
  }

  /// The same adapters at another strength: their passes are recorded, and add to the same gradient.
  package func trained(at multiplier: Float) -> DeviceAdapters {
    var other = self
    other.multiplier = multiplier
    return other
  }

  private static func factors(of parameters: Tensor) -> Tensor {
    let type = parameters.backend.activationType
    return type == .float32
      ? parameters : Tensor(shape: parameters.shape, elementType: type, on: parameters.backend)
  }

  /// Rounds the parameters to what the products of a pass read; ask for it when a pass begins.
  func roundFactors() {
    if factors.elementType != .float32 { factors.backend.copy(parameters, into: factors) }
  }

  /// Whether convolutions outside of transformers are adapted too.
  var hasConvolutions: Bool { modules.hasConvolutions }

  /// The branch beside a layer, or beside several that take one input; `nil` without adapters.
  func branch(beside layers: [AdaptableLayer]) -> LowRankBranch? {
    var (parts, column, dropout) = ([LowRankBranch.Part](), 0, dropout)
    for layer in layers {
      if let (index, module) = modules.module(for: layer) {
        if parts.isEmpty { dropout?.stream = UInt64(index) }
        parts.append(
          LowRankBranch.Part(
            outputs: column..<column + layer.outputs, rank: module.rank, down: module.down,
            up: module.up, scale: multiplier * module.alpha / Float(module.rank)))
      }
      column += layer.outputs
    }
    if parts.isEmpty { return nil }
    return LowRankBranch(
      parts: parts, parameters: parameters, factors: factors, gradient: gradient, tape: tape,
      dropout: dropout)
  }
}

/// A layer that a low-rank adapter may change.
package struct AdaptableLayer: Hashable, Sendable {
  /// The operation of a layer, which decides the shapes of its adapter's tensors in a file.
  package enum Kind: Hashable, Sendable {
    /// D [r, in], U [out, r].
    case linear

    /// A 1×1 convolution: D [r, in, 1, 1], U [out, r, 1, 1].
    case pointwise

    /// A 3×3 convolution: D [r, in, 3, 3], U [out, r, 1, 1].
    case convolution
  }

  package let name: LayerName
  package let inputs: Int
  package let outputs: Int
  package let kind: Kind

  /// Numbers that one row of D has.
  package var downWidth: Int { kind == .convolution ? 9 * inputs : inputs }
}

/// The names of a layer, and its place in its network.
package struct LayerName: Hashable, Sendable {
  /// The same layer in the words of adapters and checkpoints of every naming.
  package let target: Target

  /// The prefix of a module's tensors as sd-scripts writes it: `lora_unet_…`, dots as underscores.
  package let module: String

  /// Whether sd-scripts adapts it without `conv_dim`.
  package let isDefault: Bool
}
