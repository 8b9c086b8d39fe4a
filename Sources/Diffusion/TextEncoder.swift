package import Compute
import Names
import Tensors

/// The extents of a CLIP text encoder.
package struct TextEncoderConfiguration: Hashable, Sendable {
  package let width: Int
  package let innerWidth: Int

  /// Layers that are used: a file of OpenCLIP-H has one more.
  package let layers: Int
  package let heads: Int
  package let activation: Activation
  package let epsilon: Float
  package let vocabulary: Int

  /// Tokens of one chunk, its ends included.
  package let positions: Int

  /// The end of the text, whose state is the pooled one.
  package let endToken: Int

  /// 0, or 1 for SDXL's second.
  package let index: Int
  package let hasProjection: Bool

  /// The family of the model that it belongs to.
  let model: BaseModel

  init(
    _ weights: Weights, _ file: TextEncoderFile?, kind: PretrainedModel.Kind, index: Int
  ) throws {
    let table = "text_model.embeddings.token_embedding.weight"
    vocabulary = try weights.extent(0, of: table, rank: 2)
    width = try weights.extent(1, of: table, rank: 2)
    let stored = weights.count("text_model.encoder.layers.", ".layer_norm1.weight")
    layers = file?.numHiddenLayers.value ?? (kind == .sd2 ? stored - 1 : stored)
    // Real encoders have 64 columns a head; a toy that is no multiple of that has four heads.
    heads = file?.numAttentionHeads.value ?? max(4, width / 64)
    let isFirst = index == 0 && kind != .sd2
    switch file?.hiddenAct {
    case "quick_gelu": activation = .quickGELU
    case "gelu": activation = .gelu
    case nil: activation = isFirst ? .quickGELU : .gelu
    case let other?:
      throw weights.failure(.unsupported("activation '\(other)' is not one of CLIP's"))
    }
    innerWidth = try weights.extent(
      0, of: "text_model.encoder.layers.0.mlp.fc1.weight", rank: 2)
    let places = "text_model.embeddings.position_embedding.weight"
    positions = try weights.extent(0, of: places, rank: 2)
    epsilon = file?.layerNormEps?.value ?? 1e-5
    // Old configurations say 2, which CLIP's vocabulary does not mean: there it is the last token.
    let end = file?.eosTokenId?.value ?? 2
    endToken = end == 2 ? vocabulary - 1 : end
    hasProjection = weights.has("text_projection.weight")
    self.index = index
    model = kind.baseModel
    guard layers > 0, layers <= stored, width % heads == 0 else {
      throw weights.failure(
        .badConfiguration("\(layers) layers of \(stored), \(heads) heads of \(width)"))
    }
    guard positions >= Tokenizer.length else {
      throw weights.failure(
        .wrongShape(
          places, found: [positions, width], expected: "at least \(Tokenizer.length) places"))
    }
  }
}

/// The states that a text encoder computes for some tokens.
package struct TextState {
  /// After the embedding and after each layer, without the final norm: [b, tokens, width] each.
  package let hidden: [Tensor]

  /// The last layer's after the final norm.
  package let final: Tensor
}

/// CLIP's text half.
///
/// Source: Radford et al., "Learning Transferable Visual Models From Natural Language Supervision"
/// (2021).
package struct TextEncoder {
  package let configuration: TextEncoderConfiguration

  /// The device that it lies on; tokens are given there.
  package let backend: any Backend
  private let table: Tensor
  private let places: Tensor
  private let blocks: [TextLayer]
  private let finalNorm: LayerNorm
  private let projection: Linear?

  /// The layers that adapters may change.
  package var layers: [AdaptableLayer] { adaptable.flatMap(\.layers) }

  private var adaptable: [AdaptableWeight] { blocks.flatMap(\.adaptable) }

  init(
    _ configuration: TextEncoderConfiguration, _ weights: Weights, on backend: any Backend
  ) throws {
    let (c, reader) = (configuration, Reader(weights: weights, backend: backend))
    let embeddings = "text_model.embeddings"
    self.configuration = c
    self.backend = backend
    table = reader.tensor(
      try weights.values("\(embeddings).token_embedding.weight", [c.vocabulary, c.width]),
      [c.vocabulary, c.width])
    places = reader.tensor(
      try weights.values("\(embeddings).position_embedding.weight", [c.positions, c.width]),
      [c.positions, c.width])
    blocks = try (0..<c.layers).map {
      try TextLayer("text_model.encoder.layers.\($0)", c, reader)
    }
    finalNorm = try LayerNorm(
      "text_model.final_layer_norm", c.width, epsilon: c.epsilon, reader)
    projection =
      c.hasProjection ? try Linear("text_projection", c.width, c.width, reader) : nil
  }

  /// Adds adapters to the weights for good, for `base_weights` and copies of merged models.
  package func merge(_ modules: AdaptedModules, values: [Float], multiplier: Float) {
    for weight in adaptable { weight.merge(modules, values: values, multiplier: multiplier) }
  }

  /// Returns the states of token ids, [b, up to 77].
  ///
  /// - Parameter adapters: Beside the layers; its tape, if any, records.
  package func encode(tokens: Tensor, adapters: DeviceAdapters? = nil) -> TextState {
    adapters?.roundFactors()
    var hidden = [tokens.embedded(table: table, positions: places)]
    for block in blocks { hidden.append(block(hidden[hidden.count - 1], adapters)) }
    return TextState(hidden: hidden, final: finalNorm(hidden[hidden.count - 1]))
  }

  /// The state that SD 1 and 2 look at: the final norm of the `skip`-th state from the end.
  ///
  /// - Parameter skip: 1 for the last.
  package func conditioning(_ state: TextState, skip: Int = 1) -> Tensor {
    precondition(skip >= 1 && skip <= blocks.count, "clip skip \(skip) of \(blocks.count) layers")
    return skip == 1 ? state.final : finalNorm(state.hidden[state.hidden.count - skip])
  }

  /// The state that SDXL looks at: the last layer's but one, without the final norm.
  package func penultimate(_ state: TextState) -> Tensor { state.hidden[state.hidden.count - 2] }

  /// The projected state at each text's end, [b, width].
  ///
  /// - Parameter tokens: The same ids, on the host.
  package func pooled(_ state: TextState, tokens: [[Int32]]) -> Tensor {
    let (width, length) = (configuration.width, state.final.shape.extents[1])
    let ends = tokens.enumerated().map { sample, ids in
      let end = ids.firstIndex(of: Int32(configuration.endToken)) ?? ids.count - 1
      let start = (sample * length + end) * width
      return Stretch(of: state.final, start..<start + width)
    }
    let rows = Tensor(joining: ends, shape: [tokens.count, width])
    return projection.map { $0(rows, nil) } ?? rows
  }
}

/// One layer: attention to the tokens before, and two products, each added to its input.
private struct TextLayer {
  private let norm1: LayerNorm
  private let joined: Linear
  private let out: Linear
  private let norm2: LayerNorm
  private let inner: Linear
  private let outer: Linear
  private let heads: Int
  private let activation: Activation

  init(_ key: String, _ c: TextEncoderConfiguration, _ reader: Reader) throws {
    func layer(_ suffix: String, _ inputs: Int, _ outputs: Int) throws -> Linear {
      try Linear("\(key).\(suffix)", inputs, outputs, name: name(suffix), reader)
    }
    func name(_ suffix: String) -> LayerName {
      let path = "\(key).\(suffix)"
      let target = Target(
        network: .textEncoder(c.index + 1), key: path.replacing(".", with: "_"), path: path)
      return LayerName(target: target, module: target.kohyaName(in: c.model), isDefault: true)
    }
    heads = c.heads
    activation = c.activation
    norm1 = try LayerNorm("\(key).layer_norm1", c.width, epsilon: c.epsilon, reader)
    joined = try Linear(
      joining: ["q", "k", "v"].map {
        ("\(key).self_attn.\($0)_proj", c.width, name("self_attn.\($0)_proj"))
      }, inputs: c.width, reader)
    out = try layer("self_attn.out_proj", c.width, c.width)
    norm2 = try LayerNorm("\(key).layer_norm2", c.width, epsilon: c.epsilon, reader)
    inner = try layer("mlp.fc1", c.width, c.innerWidth)
    outer = try layer("mlp.fc2", c.innerWidth, c.width)
  }

  var adaptable: [AdaptableWeight] {
    joined.adaptable + out.adaptable + inner.adaptable + outer.adaptable
  }

  func callAsFunction(_ x: Tensor, _ adapters: DeviceAdapters?) -> Tensor {
    let within = joined(norm1(x), adapters).selfAttention(heads: heads, isCausal: true)
    let first = out(within, adding: x, adapters)
    let hidden = inner(norm2(first), adapters).activated(activation)
    return outer(hidden, adding: first, adapters)
  }
}
