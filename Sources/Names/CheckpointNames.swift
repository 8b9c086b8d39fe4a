/// What stands before the names of a part's tensors in a checkpoint of one file.
package enum CheckpointNames {
  package static let unet = "model.diffusion_model."
  package static let vae = "first_stage_model."

  /// A text encoder's prefix.
  package struct Encoder: Sendable {
    package let prefix: String

    /// As `Target.Network` counts encoders.
    package let number: Int

    /// Whether its layers have OpenCLIP's names; else transformers'.
    package let isOpenCLIP: Bool

    /// What stands before the same layer's path in a pipeline's words: `text_encoder_2.`.
    package var component: String { number == 1 ? "text_encoder." : "text_encoder_\(number)." }
  }

  /// SD 1's, SDXL's first, SD 2's, that of SDXL's refiner, SDXL's second.
  package static let encoders = [
    Encoder(prefix: "cond_stage_model.transformer.", number: 1, isOpenCLIP: false),
    Encoder(prefix: "conditioner.embedders.0.transformer.", number: 1, isOpenCLIP: false),
    Encoder(prefix: "cond_stage_model.model.", number: 1, isOpenCLIP: true),
    Encoder(prefix: "conditioner.embedders.0.model.", number: 2, isOpenCLIP: true),
    Encoder(prefix: "conditioner.embedders.1.model.", number: 2, isOpenCLIP: true),
  ]

  /// Where a text encoder's tensor may lie in transformers' words.
  ///
  /// Since transformers 5.6, and in some old files, keys lack `text_model.`.
  package static func clipLocations(of key: String, prefix: String) -> [TensorLocation] {
    [TensorLocation(prefix + key), TensorLocation(prefix + key.replacing("text_model.", with: ""))]
  }
}

/// Where a tensor lies in a file: a whole tensor, a third of its rows, or its transpose.
package struct TensorLocation: Hashable, Sendable {
  package enum Piece: Hashable, Sendable {
    case whole
    case transposed

    /// The first, second or third third of the rows: joined queries, keys and values.
    case third(Int)
  }

  package let name: String
  package let piece: Piece

  package init(_ name: String, _ piece: Piece = .whole) {
    self.name = name
    self.piece = piece
  }

  /// The same behind a prefix.
  package func prefixed(by prefix: String) -> TensorLocation {
    TensorLocation(prefix + name, piece)
  }
}
