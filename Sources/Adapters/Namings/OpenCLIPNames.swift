/// What OpenCLIP calls the layers of a text encoder, as SD 2 and SDXL checkpoints store them.
///
/// Source: diffusers, `convert_from_ckpt.py`, `convert_open_clip_checkpoint`.
enum OpenCLIPNames {
  private static let parts: [(open: String, transformers: String)] = [
    ("attn.out_proj", "self_attn.out_proj"), ("mlp.c_fc", "mlp.fc1"), ("mlp.c_proj", "mlp.fc2"),
    ("ln_1", "layer_norm1"), ("ln_2", "layer_norm2"),
  ]

  /// The attention's three projections, which lie in one tensor in this order.
  static let fused = ["q_proj", "k_proj", "v_proj"]

  /// Transformers' path for a path without its last word.
  ///
  /// - Returns: `nil` for what no adapter changes; of `attn` that of the attention, whose
  ///   projections are `fused`.
  static func path(_ name: String) -> String? {
    switch name {
    case "ln_final": return "text_model.final_layer_norm"
    case "token_embedding": return "text_model.embeddings.token_embedding"
    default: break
    }
    let prefix = "transformer.resblocks."
    guard name.hasPrefix(prefix) else { return nil }
    let pieces = name.dropFirst(prefix.count).split(separator: ".", maxSplits: 1)
    guard pieces.count == 2 else { return nil }
    let layer = "text_model.encoder.layers.\(pieces[0])."
    if pieces[1] == "attn" { return layer + "self_attn" }
    return parts.first { $0.open == pieces[1] }.map { layer + $0.transformers }
  }
}
