package import Names
package import Tensors

/// The reason why a checkpoint has no place for a module's update; each has its own sentence.
package enum Obstacle: Hashable, Sendable {
  // MARK: Nothing is there

  /// The head shares the table's weight (`tie_word_embeddings`).
  case tiedHead(table: String)

  /// The layer exists but has no bias.
  case noBias

  /// The layer is part of a larger one.
  case fused(into: String)

  /// The layer's rows are spread over several layers.
  case split(into: [String])

  /// The network is missing.
  case noNetwork(Target.Network)

  /// The layer exists under a name with another beginning.
  case otherBeginning(String)

  /// No configuration says which rows of the table the tensor replaces.
  case noTokenNumbers

  /// PEFT adds the change of a `MultiheadAttention`'s last layer twice, in training as in merging
  /// (0.21).
  case addedTwice

  /// The checkpoint has only some of the layer's rows.
  case incomplete

  /// The checkpoint has no similar layer.
  case noLayer

  // MARK: Something else is there

  /// The weight is stored inputs × outputs.
  case transposed(own: Shape, theirs: Shape)

  /// The table has another number of tokens.
  case vocabulary(own: Int, theirs: Int)
  case shape(own: Shape, theirs: Shape)

  // MARK: Most of it

  /// Most modules have no place.
  case otherModel(modules: Int, detail: String, isThere: Bool)

  /// Whether leaving the module out helps: the checkpoint has nothing that the module would change.
  package var canBeSkipped: Bool {
    switch self {
    case .tiedHead, .noBias, .fused, .split, .noNetwork, .otherBeginning,
      .noTokenNumbers, .addedTwice, .noLayer:
      true
    case .otherModel(_, _, let isThere): !isThere
    case .incomplete, .transposed, .vocabulary, .shape: false
    }
  }

  /// A reason without its numbers and names.
  package enum Cause: CaseIterable, Hashable, Sendable {
    case tiedHead
    case noBias
    case fused
    case split
    case noNetwork
    case otherBeginning
    case noTokenNumbers
    case addedTwice
    case incomplete
    case noLayer
    case transposed
    case vocabulary
    case shape
    case otherModel
  }

  package var cause: Cause {
    switch self {
    case .tiedHead: .tiedHead
    case .noBias: .noBias
    case .fused: .fused
    case .split: .split
    case .noNetwork: .noNetwork
    case .otherBeginning: .otherBeginning
    case .noTokenNumbers: .noTokenNumbers
    case .addedTwice: .addedTwice
    case .incomplete: .incomplete
    case .noLayer: .noLayer
    case .transposed: .transposed
    case .vocabulary: .vocabulary
    case .shape: .shape
    case .otherModel: .otherModel
    }
  }

  /// The detail about one module in the sentence about most of them.
  package var detail: String {
    if case .shape(let own, let theirs) = self {
      return "a layer of \(theirs) for one of \(own)"
    }
    return "no such layers"
  }

  /// Whether the reason leaves open whether adapter and checkpoint belong together.
  package var isGeneral: Bool {
    switch self {
    case .noLayer, .shape: true
    default: false
    }
  }
}

extension Obstacle {
  /// The sentence that follows the checkpoint's name in an error.
  ///
  /// - Parameters:
  ///   - modules: The modules with this reason; at least one.
  ///   - canSkip: Whether the command has an option that leaves modules out.
  package func sentence(modules: [String], adapter: String, canSkip: Bool) -> String {
    let names = modules.prefix(4).joined(separator: ", ")
    let more = modules.count > 4 ? " and \(modules.count - 4) more" : ""
    let skipping = canSkip && canBeSkipped ? "; --skip-missing leaves out what has no place" : ""
    return "\(what("\(names)\(more)", adapter))\(skipping)"
  }

  private func what(_ names: String, _ adapter: String) -> String {
    switch self {
    case .tiedHead(let table):
      "has no head of its own for \(names) of \(adapter): it shares the weight of \(table) (tie_word_embeddings); take a checkpoint whose head is stored apart"
    case .noBias:
      "has no bias for \(names) of \(adapter) to change; take the model that it was trained on"
    case .fused(let layer):
      "holds the layer of \(names) of \(adapter) as rows of \(layer), joined with others; take the model whose layers are apart, as diffusers and transformers store them"
    case .split(let layers):
      "holds the layer of \(names) of \(adapter) divided into \(layers.joined(separator: ", ")); take the model whose layers are joined, as its authors store it"
    case .noNetwork(let network):
      "has no \(network.label), which \(names) of \(adapter) change; take a checkpoint that holds it too"
    case .otherBeginning(let name):
      "names the layer of \(names) of \(adapter) otherwise at the beginning (\(name)); take the model as \(adapter) wraps it, saved whole"
    case .noTokenNumbers:
      "cannot take the rows of \(names) of \(adapter): which tokens they are, only its adapter_config.json tells; name the adapter's folder"
    case .addedTwice:
      "cannot take \(names) of \(adapter) by its factors: PEFT adds the change of a MultiheadAttention's out_proj twice; merge it by PEFT's merge_and_unload"
    case .incomplete:
      "has only some rows of the layer of \(names) of \(adapter); is the download complete?"
    case .noLayer:
      "has no layer for \(names) of \(adapter)"
    case .transposed(let own, let theirs):
      "holds the layer of \(names) as \(theirs), \(adapter) takes it for \(own): its weight lies inputs × outputs, as GPT-2's Conv1D has it; write \"fan_in_fan_out\": true into the adapter_config.json beside \(adapter)"
    case .vocabulary(let own, let theirs):
      "has \(theirs) tokens in the layer of \(names), \(adapter) has \(own): the vocabulary was resized; resize the model's embeddings first"
    case .shape(let own, let theirs):
      "has a layer of \(theirs) for \(names), \(adapter) one of \(own): they are of two versions of the model, such as one for inpainting; take the one that it was trained on"
    case .otherModel(let count, let detail, _):
      "has no place for \(count) modules of \(adapter), which is most of them (\(detail)): \(names); is it for another model?"
    }
  }
}

extension Target.Network {
  fileprivate var label: String {
    switch self {
    case .denoiser: "denoiser or language model"
    case .textEncoder(1): "text encoder"
    case .textEncoder(let number): "text encoder \(number)"
    }
  }
}
