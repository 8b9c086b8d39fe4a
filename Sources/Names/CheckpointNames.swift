/// The prefixes of tensor names in a checkpoint that is a single file.
package enum CheckpointNames {
  package static let unet = "model.diffusion_model."
  package static let vae = "first_stage_model."

  /// A text encoder's prefix.
  package struct Encoder: Sendable {
    package let prefix: String

    /// The encoder's number in `Target.Network`.
    package let number: Int

    /// Whether its layers have OpenCLIP's names; otherwise they have transformers'.
    package let isOpenCLIP: Bool

    /// The prefix of the same layer's path in a pipeline: `text_encoder_2.`.
    package var component: String { number == 1 ? "text_encoder." : "text_encoder_\(number)." }
  }

  /// The encoders of SD 1, of SDXL (first), of SD 2, of SDXL's refiner, and of SDXL (second).
  package static let encoders = [
    Encoder(prefix: "cond_stage_model.transformer.", number: 1, isOpenCLIP: false),
    Encoder(prefix: "conditioner.embedders.0.transformer.", number: 1, isOpenCLIP: false),
    Encoder(prefix: "cond_stage_model.model.", number: 1, isOpenCLIP: true),
    Encoder(prefix: "conditioner.embedders.0.model.", number: 2, isOpenCLIP: true),
    Encoder(prefix: "conditioner.embedders.1.model.", number: 2, isOpenCLIP: true),
  ]

  /// The possible locations of a text encoder's tensor under transformers' names.
  ///
  /// Since transformers 5.6, and in some old files, keys lack `text_model.`.
  package static func clipLocations(of key: String, prefix: String) -> [TensorLocation] {
    [TensorLocation(prefix + key), TensorLocation(prefix + key.replacing("text_model.", with: ""))]
  }
}

/// The location of a tensor in a file: a whole tensor, a third of its rows, or its transpose.
package struct TensorLocation: Hashable, Sendable {
  package enum Piece: Hashable, Sendable {
    case whole
    case transposed

    /// One third of the rows (0, 1 or 2) of joined queries, keys and values.
    case third(Int)
  }

  package let name: String
  package let piece: Piece

  package init(_ name: String, _ piece: Piece = .whole) {
    self.name = name
    self.piece = piece
  }

  /// The location with a prefix before its name.
  package func prefixed(by prefix: String) -> TensorLocation {
    TensorLocation(prefix + name, piece)
  }
}
