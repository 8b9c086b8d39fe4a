import Compute
import Tensors

/// A picture's pixels as tokens that look at one another and at the text.
struct Transformer {
  private let norm: GroupNorm
  private let projectIn: Linear
  private let blocks: [TransformerBlock]
  private let projectOut: Linear

  init(
    _ key: String, channels: Int, heads: Int, depth: Int, contextWidth: Int, groups: Int,
    name: (String) -> LayerName, _ reader: Reader
  ) throws {
    norm = try GroupNorm("\(key).norm", channels, groups: groups, epsilon: 1e-6, reader)
    projectIn = try Linear(
      "\(key).proj_in", channels, channels, name: name("\(key).proj_in"), reader)
    blocks = try (0..<depth).map {
      try TransformerBlock(
        "\(key).transformer_blocks.\($0)", channels: channels, heads: heads,
        contextWidth: contextWidth, name: name, reader)
    }
    projectOut = try Linear(
      "\(key).proj_out", channels, channels, name: name("\(key).proj_out"), reader)
  }

  var depth: Int { blocks.count }

  var adaptable: [AdaptableWeight] {
    projectIn.adaptable + blocks.flatMap(\.adaptable) + projectOut.adaptable
  }

  /// - Parameters:
  ///   - x: [b, h, w, channels].
  ///   - context: The text's states, [b, tokens, contextWidth].
  ///   - checkpointing: Whether each block is a unit that is computed again in the backward pass.
  func callAsFunction(
    _ x: Tensor, context: Tensor, _ adapters: DeviceAdapters?, checkpointing: Bool
  ) -> Tensor {
    let e = x.shape.extents
    let tokens: Shape = [e[0], e[1] * e[2], e[3]]
    var hidden = projectIn(norm(x).reshaped(tokens), adapters)
    for block in blocks {
      hidden = checkpointed(checkpointing, adapters, [hidden, context]) {
        block($0[0], context: $0[1], adapters)
      }
    }
    return projectOut(hidden, adding: x.reshaped(tokens), adapters).reshaped(x.shape)
  }
}

/// Attention within, attention to the text, and a gated layer, each added to its input.
struct TransformerBlock {
  private let norm1: LayerNorm
  private let joined1: Linear
  private let out1: Linear
  private let norm2: LayerNorm
  private let queries2: Linear
  private let keysValues2: Linear
  private let out2: Linear
  private let norm3: LayerNorm
  private let gated: Linear
  private let out3: Linear
  private let heads: Int

  init(
    _ key: String, channels: Int, heads: Int, contextWidth: Int, name: (String) -> LayerName,
    _ reader: Reader
  ) throws {
    func norm(_ number: Int) throws -> LayerNorm {
      try LayerNorm("\(key).norm\(number)", channels, epsilon: 1e-5, reader)
    }
    func layer(_ suffix: String, _ inputs: Int, _ outputs: Int) throws -> Linear {
      try Linear("\(key).\(suffix)", inputs, outputs, name: name("\(key).\(suffix)"), reader)
    }
    func joined(_ suffixes: [String], _ inputs: Int) throws -> Linear {
      try Linear(
        joining: suffixes.map { ("\(key).\($0)", channels, name("\(key).\($0)")) },
        inputs: inputs, reader)
    }
    self.heads = heads
    norm1 = try norm(1)
    joined1 = try joined(["attn1.to_q", "attn1.to_k", "attn1.to_v"], channels)
    out1 = try layer("attn1.to_out.0", channels, channels)
    norm2 = try norm(2)
    queries2 = try layer("attn2.to_q", channels, channels)
    keysValues2 = try joined(["attn2.to_k", "attn2.to_v"], contextWidth)
    out2 = try layer("attn2.to_out.0", channels, channels)
    norm3 = try norm(3)
    gated = try layer("ff.net.0.proj", channels, 8 * channels)
    out3 = try layer("ff.net.2", 4 * channels, channels)
  }

  var adaptable: [AdaptableWeight] {
    [joined1, out1, queries2, keysValues2, out2, gated, out3].flatMap(\.adaptable)
  }

  func callAsFunction(_ x: Tensor, context: Tensor, _ adapters: DeviceAdapters?) -> Tensor {
    let within = joined1(norm1(x), adapters).selfAttention(heads: heads)
    let first = out1(within, adding: x, adapters)
    let toText = queries2(norm2(first), adapters)
      .crossAttention(keysValues2(context, adapters), heads: heads)
    let second = out2(toText, adding: first, adapters)
    return out3(gated(norm3(second), adapters).gatedGELU(), adding: second, adapters)
  }
}

/// Runs a unit of a network, and again in the backward pass where memory is to be saved.
///
/// - Parameter units: Whether to; nothing is recorded, and so nothing repeated, where no input
///   has a gradient and no adapter is trained.
func checkpointed(
  _ units: Bool, _ adapters: DeviceAdapters?, _ inputs: [Tensor],
  _ body: @escaping ([Tensor]) -> Tensor
) -> Tensor {
  guard units, let tape = adapters?.tape else { return body(inputs) }
  return tape.checkpoint(inputs, body)
}

/// Two convolutions with a way around them.
struct Resnet {
  private let norm1: GroupNorm
  private let conv1: Convolution
  private let timeProjection: Linear?
  private let norm2: GroupNorm
  private let conv2: Convolution
  private let shortcut: Linear?

  /// - Parameters:
  ///   - timeWidth: Of the time embedding; `nil` in a VAE, which has none.
  ///   - name: Gives adapters' names of its layers; `nil` in a VAE.
  init(
    _ key: String, _ inputs: Int, _ outputs: Int, timeWidth: Int?, groups: Int, epsilon: Float,
    name: ((String) -> LayerName)?, _ reader: Reader
  ) throws {
    norm1 = try GroupNorm(
      "\(key).norm1", inputs, groups: groups, epsilon: epsilon, activation: .silu, reader)
    conv1 = try Convolution(
      "\(key).conv1", inputs, outputs, name: name?("\(key).conv1"), reader)
    timeProjection = try timeWidth.map { width in
      try Linear(
        "\(key).time_emb_proj", width, outputs, name: name?("\(key).time_emb_proj"), reader)
    }
    norm2 = try GroupNorm(
      "\(key).norm2", outputs, groups: groups, epsilon: epsilon, activation: .silu, reader)
    conv2 = try Convolution(
      "\(key).conv2", outputs, outputs, name: name?("\(key).conv2"), reader)
    shortcut =
      inputs == outputs
      ? nil
      : try Linear(
        "\(key).conv_shortcut", inputs, outputs, name: name?("\(key).conv_shortcut"), reader)
  }

  var adaptable: [AdaptableWeight] {
    conv1.adaptable + (timeProjection?.adaptable ?? []) + conv2.adaptable
      + (shortcut?.adaptable ?? [])
  }

  /// - Parameter time: SiLU of the time embedding, [b, timeWidth].
  func callAsFunction(_ x: Tensor, time: Tensor? = nil, _ adapters: DeviceAdapters?) -> Tensor {
    let bias = time.flatMap { time in timeProjection.map { $0(time, adapters) } }
    let hidden = conv1(norm1(x), sampleBias: bias, adapters)
    let straight = shortcut.map { $0(x, adapters) } ?? x
    return conv2(norm2(hidden), adding: straight, adapters)
  }
}
