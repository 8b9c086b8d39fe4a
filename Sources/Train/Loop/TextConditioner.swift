import Compute
import Diffusion
import Tensors

/// Captions to what the U-Net is told, by one text encoder or SDXL's two.
final class TextConditioner {
  private var encoders: [TextEncoder]
  private let tokenizer: Tokenizer
  private let kind: PretrainedModel.Kind

  /// The encoder's state that is used, counted from the last, which is 1.
  private let skip: Int

  /// Tokens that are read of a caption: 75, 150 or 225.
  private let maximum: Int
  private let backend: any Backend
  private var known: [String: Encoded] = [:]

  /// One caption's numbers: `[tokens, width]` and `[width]`.
  private struct Encoded {
    let context: [Float]
    let pooled: [Float]?
  }

  /// - Parameter place: Where `--clip-skip` stands in a configuration file.
  init(
    _ encoders: [TextEncoder], _ tokenizer: Tokenizer, kind: PretrainedModel.Kind, clipSkip: Int?,
    maximumTokens: Int?, at place: String? = nil, on backend: any Backend
  ) throws(OptionsError) {
    // SDXL's states are always the same ones.
    if let clipSkip, kind != .sdxl, let encoder = encoders.first,
      case let layers = encoder.configuration.layers, clipSkip > layers
    {
      throw OptionsError(
        place: place,
        reason: .unusable(
          "--clip-skip takes a number up to \(layers) here, not \(clipSkip): the text encoder has "
            + "\(layers) layer\(layers == 1 ? "" : "s")"))
    }
    self.encoders = encoders
    self.tokenizer = tokenizer
    self.kind = kind
    self.backend = backend
    skip = clipSkip ?? 1
    maximum = maximumTokens ?? 75
  }

  /// The layers that adapters may change.
  var layers: [AdaptableLayer] { encoders.flatMap(\.layers) }

  /// Adds an adapter to the encoders' weights.
  func merge(_ modules: AdaptedModules, values: [Float], multiplier: Float) {
    for encoder in encoders { encoder.merge(modules, values: values, multiplier: multiplier) }
  }

  /// Takes other encoders of the same model, whose weights are changed.
  func replaceEncoders(_ others: [TextEncoder]) {
    encoders = others
    known = [:]
  }

  /// Lets go of the encoders, when all captions that will be asked for are known.
  func releaseEncoders() { encoders = [] }

  /// The text that the U-Net reads: the states of the captions' tokens, and SDXL's pooled text.
  ///
  /// - Parameter adapters: Those that are trained beside the encoders; without any, each caption
  ///   is encoded once.
  func state(
    of captions: [String], adapters: DeviceAdapters? = nil
  ) throws -> (context: Tensor, pooled: Tensor?) {
    if let adapters { return try encode(captions, adapters) }
    let parts = try captions.map(encoded)
    let context = parts.flatMap(\.context)
    let pooled = parts.compactMap(\.pooled)
    return (
      Tensor(
        context, shape: [captions.count, length, context.count / (captions.count * length)],
        on: backend),
      pooled.first.map {
        Tensor(pooled.flatMap { $0 }, shape: [captions.count, $0.count], on: backend)
      }
    )
  }

  /// Throws where one of the texts cannot be read: no tokenizer, or another model's.
  func check(_ captions: some Sequence<String>) throws {
    for caption in Set(captions).sorted() {
      for encoder in encoders.indices { _ = try ids(of: caption, encoder: encoder) }
    }
  }

  private func encoded(_ caption: String) throws -> Encoded {
    if let known = known[caption] { return known }
    let state = try encode([caption], nil)
    let encoded = Encoded(context: state.context.values(), pooled: state.pooled?.values())
    try backend.check()
    known[caption] = encoded
    return encoded
  }
}

// MARK: - Encoding

extension TextConditioner {
  /// The states of one text: those of its chunks, less the ends between them.
  private var length: Int { maximum + 2 }

  private func encode(
    _ captions: [String], _ adapters: DeviceAdapters?
  ) throws -> (context: Tensor, pooled: Tensor?) {
    let ids = try encoders.indices.map { encoder in
      try captions.map { try self.ids(of: $0, encoder: encoder) }
    }
    let parts = (0..<maximum / 75).map { chunk in
      encode(chunk: ids.map { $0.map { $0[chunk] } }, adapters)
    }
    return (joined(parts.map(\.context), count: captions.count), parts[0].pooled)
  }

  /// Encodes one chunk of each caption.
  ///
  /// - Parameter ids: For each encoder, for each caption, 77 of them.
  private func encode(
    chunk ids: [[[Int32]]], _ adapters: DeviceAdapters?
  ) -> (context: Tensor, pooled: Tensor?) {
    let states = zip(encoders, ids).map { encoder, ids in
      encoder.encode(
        tokens: Tensor(
          integers: ids.flatMap { $0 }, shape: [ids.count, Tokenizer.length],
          on: encoder.backend),
        adapters: adapters)
    }
    guard kind == .sdxl, encoders.count == 2 else {
      return (encoders[0].conditioning(states[0], skip: skip), nil)
    }
    let context = encoders[0].penultimate(states[0])
      .concatenated(encoders[1].penultimate(states[1]))
    return (context, encoders[1].pooled(states[1], tokens: ids[1]))
  }

  private func ids(of caption: String, encoder: Int) throws -> [[Int32]] {
    let padding: Tokenizer.Padding =
      kind == .sd2 || (kind == .sdxl && encoder == 1) ? .zero : .endOfText
    let chunks = try tokenizer.chunks(of: caption, padding: padding, maximum: maximum)
    let (last, count) = (
      chunks.joined().max() ?? 0, encoders[encoder].configuration.vocabulary
    )
    guard last < count else {
      throw TrainingError.unsupported(
        "the tokenizer gives token \(last), but the text encoder knows \(count) tokens; give the "
          + "model's own by --tokenizer")
    }
    return chunks
  }

  /// Chunks of 77 states as one text: the first's begin, 75 of each, the last's end.
  private func joined(_ chunks: [Tensor], count: Int) -> Tensor {
    guard chunks.count > 1 else { return chunks[0] }
    let width = chunks[0].channels
    let stretches = (0..<count).flatMap { sample in
      chunks.enumerated().map { index, chunk in
        let first = index == 0 ? 0 : 1
        let end = index == chunks.count - 1 ? Tokenizer.length : Tokenizer.length - 1
        let start = sample * Tokenizer.length
        return Stretch(of: chunk, (start + first) * width..<(start + end) * width)
      }
    }
    return Tensor(joining: stretches, shape: [count, length, width])
  }
}

// MARK: - Keeping

extension TextConditioner {
  /// Encodes captions that will be asked for.
  ///
  /// - Parameter file: Where a caption's numbers are kept beyond the run; nil keeps them nowhere.
  func encode(_ captions: [String], keptIn file: (String) -> String?) throws {
    var answer: [Float]?
    for caption in captions {
      guard let path = file(caption) else {
        _ = try encoded(caption)
        continue
      }
      if answer == nil { answer = try self.answer() }
      let kept = KeptEncoding(
        path: path, key: "clip skip \(skip), \(maximum) tokens: \(caption)", answer: answer ?? [])
      if let lists = kept.read(), let context = lists["context"], fits(context, lists["pooled"]) {
        known[caption] = Encoded(context: context, pooled: lists["pooled"])
      } else {
        let encoded = try encoded(caption)
        try kept.write(
          [("context", encoded.context)] + (encoded.pooled.map { [("pooled", $0)] } ?? []))
      }
    }
  }

  /// Whether kept numbers are as many as the encoders give.
  private func fits(_ context: [Float], _ pooled: [Float]?) -> Bool {
    let widths = encoders.map(\.configuration.width)
    return context.count == length * widths.reduce(0, +)
      && pooled?.count == (kind == .sdxl ? widths.last : nil)
  }

  /// The encoders' states of the last of some fixed tokens, which sees all before it.
  private func answer() throws -> [Float] {
    encoders.flatMap { encoder in
      let ids = (0..<Int32(Tokenizer.length)).map {
        $0 * 7 % Int32(encoder.configuration.vocabulary)
      }
      let state = encoder.encode(
        tokens: Tensor(integers: ids, shape: [1, ids.count], on: backend))
      return state.final.values().suffix(encoder.configuration.width)
    }
  }
}
