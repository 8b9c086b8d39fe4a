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
    let tokens: Int
    let pooled: [Float]?
  }

  init(
    _ encoders: [TextEncoder], _ tokenizer: Tokenizer, kind: PretrainedModel.Kind, clipSkip: Int?,
    maximumTokens: Int?, on backend: any Backend
  ) {
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

  /// Encodes captions that will be asked for, and lets go of the encoders.
  func encodeForGood(_ captions: [String]) throws {
    for caption in captions { _ = try encoded(caption) }
    encoders = []
  }

  /// What the U-Net is told of some captions.
  ///
  /// - Parameter adapters: Those that are trained beside the encoders; without any, each caption
  ///   is encoded once.
  func state(
    of captions: [String], adapters: Diffusion.Adapters? = nil
  ) throws -> (context: Tensor, pooled: Tensor?) {
    if let adapters { return try encode(captions, adapters) }
    let parts = try captions.map(encoded)
    let tokens = parts.first?.tokens ?? 0
    let context = parts.flatMap(\.context)
    let width = context.count / max(1, captions.count * tokens)
    let pooled = parts.compactMap(\.pooled)
    return (
      Tensor(context, shape: [captions.count, tokens, width], on: backend),
      pooled.first.map {
        Tensor(pooled.flatMap { $0 }, shape: [captions.count, $0.count], on: backend)
      }
    )
  }

  private func encoded(_ caption: String) throws -> Encoded {
    if let known = known[caption] { return known }
    let chunks = try encoders.indices.map { try ids(of: caption, encoder: $0) }
    let count = chunks.first?.count ?? 0
    let parts = (0..<count).map { chunk in
      encode(chunks.map { [$0[chunk]] }, adapters: nil)
    }
    let states = parts.map { $0.context.values() }
    let width = (states.first?.count ?? 0) / Tokenizer.length
    let encoded = Encoded(
      context: joined(states, width: width), tokens: 75 * count + 2,
      pooled: parts.first?.pooled?.values())
    known[caption] = encoded
    return encoded
  }

  private func encode(
    _ captions: [String], _ adapters: Diffusion.Adapters
  ) throws -> (context: Tensor, pooled: Tensor?) {
    let chunks = try encoders.indices.map { encoder in
      try captions.map { try ids(of: $0, encoder: encoder) }
    }
    guard chunks.allSatisfy({ $0.allSatisfy { $0.count == 1 } }) else {
      throw TrainingError.unsupported(
        "text encoders are trained on 75 tokens; drop --max-token-length, or add "
          + "--network-train-unet-only")
    }
    return encode(chunks.map { $0.map { $0[0] } }, adapters: adapters)
  }

  /// Encodes one chunk of each caption.
  ///
  /// - Parameter ids: For each encoder, for each caption, 77 of them.
  private func encode(
    _ ids: [[[Int32]]], adapters: Diffusion.Adapters?
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
  private func joined(_ chunks: [[Float]], width: Int) -> [Float] {
    guard let first = chunks.first, let last = chunks.last, chunks.count > 1 else {
      return chunks.first ?? []
    }
    return first.prefix(width) + chunks.flatMap { $0[width..<76 * width] } + last.suffix(width)
  }
}
