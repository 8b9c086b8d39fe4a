package import Names

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
