import Tensors

/// A model of the true extents whose weights are made up: for measuring speed and memory without a
/// download.
struct RandomModel: ModelLayout {
  let kind: PretrainedModel.Kind

  /// The names that `--random-weights` takes.
  static let kinds: [String: PretrainedModel.Kind] = ["sd15": .sd1, "sdxl": .sdxl]

  private var isXL: Bool { kind == .sdxl }

  func unet() throws -> (Weights, UNetFile?) {
    (Weights(path: path, part: "U-Net", madeUp: unetShape), nil)
  }

  func vae() throws -> (Weights, VAEFile?) {
    (Weights(path: path, part: "VAE", madeUp: vaeShape), nil)
  }

  func textEncoder(_ index: Int) throws -> (Weights, TextEncoderFile?) {
    (Weights(path: path, part: "text encoder", madeUp: textShape(second: index == 1)), nil)
  }

  private var path: String { "made-up \(kind.rawValue)" }

  /// The shapes that the extents of a U-Net are read from.
  private func unetShape(_ key: String) -> Shape? {
    let channels = isXL ? [320, 640, 1280] : [320, 640, 1280, 1280]
    let depths = isXL ? [0, 2, 10] : [1, 1, 1, 0]
    let pieces = key.split(separator: ".")
    switch key {
    case "conv_in.weight": return [320, 4, 3, 3]
    case "add_embedding.linear_1.weight": return isXL ? [1280, 2816] : nil
    case "class_embedding.linear_1.weight": return nil
    case "mid_block.attentions.0.transformer_blocks.0.attn2.to_k.weight":
      return [1280, isXL ? 2048 : 768]
    default: break
    }
    if key.hasSuffix("proj_in.weight") || key.hasSuffix("proj_out.weight") {
      return isXL ? [1, 1] : [1, 1, 1, 1]
    }
    if pieces.count >= 4, pieces[0] == "down_blocks", let level = Int(pieces[1]),
      let part = Int(pieces[3])
    {
      guard level < channels.count else { return nil }
      if pieces[2] == "resnets" { return part < 2 ? [channels[level], 1, 3, 3] : nil }
      if pieces.count > 5, pieces[4] == "transformer_blocks", let depth = Int(pieces[5]),
        pieces.suffix(2).joined(separator: ".") == "norm1.weight"
      {
        return depth < depths[level] ? [channels[level]] : nil
      }
    }
    // Of the rest it is asked only whether there is a bias: queries, keys and values have none.
    let hasNone = [".to_q.bias", ".to_k.bias", ".to_v.bias"].contains(where: key.hasSuffix)
    return hasNone ? nil : [1]
  }

  private func vaeShape(_ key: String) -> Shape? {
    let channels = [128, 256, 512, 512]
    let pieces = key.split(separator: ".")
    if pieces.count >= 5, pieces[1] == "down_blocks", pieces[3] == "resnets",
      let level = Int(pieces[2]), let part = Int(pieces[4])
    {
      return level < channels.count && part < 2 ? [channels[level], 1, 3, 3] : nil
    }
    return [1]
  }

  private func textShape(second: Bool) -> (String) -> Shape? {
    let (width, layers, inner) = second ? (1280, 32, 5120) : (768, 12, 3072)
    return { key in
      switch key {
      case "text_model.embeddings.token_embedding.weight": return [49408, width]
      case "text_model.embeddings.position_embedding.weight": return [77, width]
      case "text_model.encoder.layers.0.mlp.fc1.weight": return [inner, width]
      case "text_projection.weight": return second ? [width, width] : nil
      case "text_projection.bias": return nil
      default: break
      }
      let pieces = key.split(separator: ".")
      guard pieces.count > 3, pieces[2] == "layers", let layer = Int(pieces[3]) else { return [1] }
      return layer < layers ? [width] : nil
    }
  }
}

/// Numbers that keep a network's activations near 1: of a norm 1 and 0, else evenly spread with the
/// variance 1/inputs; the same for the same key.
func madeUpValues(_ key: String, _ shape: Shape) -> [Float] {
  let count = shape.elementCount ?? 0
  let isNorm = key.contains("norm")
  if key.hasSuffix(".bias") { return [Float](repeating: 0, count: count) }
  if isNorm { return [Float](repeating: 1, count: count) }
  let inputs = max(1, count / max(1, shape.extents.first ?? 1))
  let width = (3 / Float(inputs)).squareRoot()
  var state = key.utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) {
    ($0 ^ UInt64($1)) &* 0x100_0000_01B3
  }
  return (0..<count).map { _ in
    // Knuth's linear congruential generator, of which the upper bits are used.
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return width * (Float(state >> 40) * 0x1p-23 - 1)
  }
}
