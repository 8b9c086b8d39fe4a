extension BaseModel {
  /// The family of a diffusion transformer or language model; `nil` if it is neither.
  static func transformer(_ layers: [Layer]) -> BaseModel? {
    // The component's name is already removed. A language model's own `transformer` remains, and
    // MPT's `transformer.blocks` must not be taken for `transformer_blocks`.
    if layers.contains(where: { $0.target.path?.hasPrefix("transformer.") ?? false }) {
      return .languageModel
    }
    if let family = Family.recognising(layers) { return family.model }
    let isLanguage = layers.contains { layer in
      isLanguageModel(layer.target.path ?? "") || layer.target.key.hasPrefix("model_layers_")
    }
    return isLanguage ? .languageModel : nil
  }
}

extension BaseModel {
  /// The other diffusion transformers that the names and shapes of layers fit as well as a model;
  /// empty where the layers tell which model it is.
  package static func alternatives(to model: BaseModel, for layers: [Layer]) -> [BaseModel] {
    // U-Nets have no table, and are told apart by shapes alone.
    guard let family = Family.of(model), family.hasTable else { return [] }
    let denoiser = layers.filter { $0.target.network == .denoiser }
    let models = Family.equals(denoiser).map(\.model)
    return models.contains(model) ? models.filter { $0 != model } : []
  }

  /// Whether a path belongs to a language model or a text encoder.
  package static func isLanguageModel(_ path: String) -> Bool {
    let name = "." + path
    let markers = [
      ".model.layers.", ".transformer.h.", ".transformer.layer.", ".transformer.encoder.layers.",
      ".transformer.blocks.", ".encoder.layer.", ".decoder.layers.", ".decoder.block.",
      ".encoder.block.", ".model.encoder.layers.", ".encoder.albert_layer_groups.",
      ".gpt_neox.layers.", ".language_model.", ".backbone.layers.", ".h.", ".lm_head",
    ]
    return markers.contains { contains($0, in: name) }
  }
}
