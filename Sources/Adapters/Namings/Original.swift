import Names

extension Naming {
  /// The names that the model's authors give its layers, without a prefix, as their own code reads
  /// them.
  ///
  /// Such files cannot be told from ComfyUI's, which have a prefix or none.
  package static let original = Naming(
    name: "original",
    spellings: [.peft, .common],
    world: .original,
    holdsDifferences: true,
    biases: .all,
    holdsLyCORIS: true,
    magnitudes: { $0.magnitudesOfLyCORIS },
    readers: { _ in ["the model's own code", "DiffSynth-Studio"] },
    moduleName: { target, model in
      target.network == .denoiser ? target.originalPath(in: model) : target.comfyName(in: model)
    })
}
