/// The names of a text encoder in OpenCLIP, as SD 2 and SDXL checkpoints store it, and in
/// transformers.
///
/// Source: diffusers, `convert_from_ckpt.py`, `convert_open_clip_checkpoint`.
package enum OpenCLIPNames {
  /// Layers of a block.
  private static let parts: [(open: String, transformers: String)] = [
    ("attn.out_proj", "self_attn.out_proj"), ("mlp.c_fc", "mlp.fc1"), ("mlp.c_proj", "mlp.fc2"),
    ("ln_1", "layer_norm1"), ("ln_2", "layer_norm2"),
  ]

  private static let fixed: [(open: String, transformers: String)] = [
    ("ln_final", "text_model.final_layer_norm"),
    ("token_embedding", "text_model.embeddings.token_embedding"),
  ]

  private static let block = (
    open: "transformer.resblocks.", transformers: "text_model.encoder.layers."
  )

  /// The tensors whose names are not built from parts.
  private static let tensors: [String: TensorLocation] = [
    "text_projection.weight": TensorLocation("text_projection", .transposed),
    "text_model.embeddings.position_embedding.weight": TensorLocation("positional_embedding"),
  ]

  /// The three projections of attention, in their order in the fused tensor.
  package static let fused = ["q_proj", "k_proj", "v_proj"]

  /// Transformers' path for a path without its last word.
  ///
  /// - Returns: `nil` for layers that no adapter changes. For `attn`, the path of the attention;
  ///   `fused` lists its projections.
  package static func path(_ name: String) -> String? {
    if let layer = fixed.first(where: { $0.open == name }) { return layer.transformers }
    guard let (number, layer) = split(name, after: block.open) else { return nil }
    let beginning = block.transformers + number + "."
    if layer == "attn" { return beginning + "self_attn" }
    return parts.first { $0.open == layer }.map { beginning + $0.transformers }
  }

  /// The location of the tensor that transformers names so.
  package static func location(transformers key: String) -> TensorLocation {
    if let location = tensors[key] { return location }
    guard let dot = key.lastIndex(of: ".") else { return TensorLocation(key) }
    let (path, part) = (String(key[..<dot]), key[key.index(after: dot)...])
    if let layer = fixed.first(where: { $0.transformers == path }) {
      return TensorLocation("\(layer.open).\(part)")
    }
    guard let (number, layer) = split(path, after: block.transformers) else {
      return TensorLocation(key)
    }
    let beginning = block.open + number + "."
    if let index = fused.firstIndex(where: { layer == "self_attn.\($0)" }) {
      return TensorLocation("\(beginning)attn.in_proj_\(part)", .third(index))
    }
    let open = parts.first { $0.transformers == layer }?.open ?? String(layer)
    return TensorLocation("\(beginning)\(open).\(part)")
  }

  /// Splits a path after a prefix into `3` and `mlp.fc1`.
  private static func split(
    _ path: String, after prefix: String
  ) -> (number: Substring, layer: Substring)? {
    guard path.hasPrefix(prefix) else { return nil }
    let pieces = path.dropFirst(prefix.count).split(separator: ".", maxSplits: 1)
    return pieces.count == 2 ? (pieces[0], pieces[1]) : nil
  }
}
