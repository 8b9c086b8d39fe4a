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
  package let gradient: Tensor?
  package let tape: Tape?
  package let multiplier: Float
  private let dropout: Dropout?

  /// Probabilities of the dropouts of training, and the step's number on the device.
  package struct Dropout {
    package let module: Float
    package let network: Float
    package let rank: Float
    package let seed: UInt64

    /// One int32, which the training loop raises.
    package let step: Tensor

    package init(module: Float, network: Float, rank: Float, seed: UInt64, step: Tensor) {
      self.module = module
      self.network = network
      self.rank = rank
      self.seed = seed
      self.step = step
    }
  }

  /// Adapters that are trained.
  package init(
    training modules: AdaptedModules, values: [Float], tape: Tape, dropout: Dropout? = nil,
    on backend: any Backend
  ) {
    self.modules = modules
    parameters = Tensor(values, shape: [values.count], on: backend)
    factors = Self.factors(of: parameters)
    gradient = Tensor(zeros: [values.count], on: backend)
    self.tape = tape
    multiplier = 1
    self.dropout = dropout
  }

  /// Adapters that are only used.
  package init(
    _ modules: AdaptedModules, values: [Float], multiplier: Float = 1, on backend: any Backend
  ) {
    self.modules = modules
    parameters = Tensor(values, shape: [values.count], on: backend)
    factors = Self.factors(of: parameters)
    gradient = nil
    tape = nil
    self.multiplier = multiplier
    dropout = nil
  }

  private init(_ other: DeviceAdapters, multiplier: Float) {
    modules = other.modules
    parameters = other.parameters
    factors = other.factors
    gradient = nil
    tape = nil
    self.multiplier = multiplier
    dropout = nil
  }

  /// The same parameters at another strength, without a gradient.
  package func scaled(_ multiplier: Float) -> DeviceAdapters {
    DeviceAdapters(self, multiplier: multiplier)
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
    var (parts, column, stream) = ([LowRankBranch.Part](), 0, 0)
    for layer in layers {
      if let (index, module) = modules.module(for: layer) {
        if parts.isEmpty { stream = index }
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
      dropout: dropout.map {
        AdapterDropout(
          module: $0.module, network: $0.network, rank: $0.rank, seed: $0.seed,
          stream: UInt64(stream))
      }, step: dropout?.step)
  }
}

/// A layer that a low-rank adapter may change.
package struct AdaptableLayer: Hashable, Sendable {
  /// What a layer computes, and so the shapes of its adapter's tensors in a file.
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

/// What a layer is called, and where in its network it stands.
package struct LayerName: Hashable, Sendable {
  /// The same layer in the words of adapters and checkpoints of every naming.
  package let target: Target

  /// The prefix of a module's tensors as sd-scripts writes it: `lora_unet_…`, dots as underscores.
  package let module: String

  /// Whether sd-scripts adapts it without `conv_dim`.
  package let isDefault: Bool
}
