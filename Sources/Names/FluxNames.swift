/// The two divisions of Flux.1's layers: Black Forest Labs' own, which sd-scripts and ComfyUI
/// follow, and that of diffusers, which cuts what reads the same input into one layer each.
///
/// Names are flattened, as `Target.key` is.
///
/// Source: diffusers, `convert_flux_to_diffusers.py`; sd-scripts, `convert_flux_lora.py`.
package enum FluxNames {
  package enum Division: Hashable, Sendable {
    /// `img_attn_qkv`, `linear1`.
    case fused

    /// `attn_to_q`, `attn_to_k`, `attn_to_v`, `proj_mlp`.
    case split
  }

  /// One of diffusers' layers inside one of BFL's: its rows, counted in shares of all rows.
  package struct Share: Hashable, Sendable {
    package let fusedKey: String
    package let splitKey: String
    package let shares: Range<Int>

    /// How many shares the fused layer has.
    package let count: Int

    /// Whether the two halves of the rows stand in the other order.
    package let swapsHalves: Bool
  }

  private static let double: [(fused: String, split: [String])] = [
    ("img_attn_qkv", ["attn_to_q", "attn_to_k", "attn_to_v"]),
    ("txt_attn_qkv", ["attn_add_q_proj", "attn_add_k_proj", "attn_add_v_proj"]),
    ("img_attn_proj", ["attn_to_out_0"]), ("txt_attn_proj", ["attn_to_add_out"]),
    ("img_mlp_0", ["ff_net_0_proj"]), ("img_mlp_2", ["ff_net_2"]),
    ("txt_mlp_0", ["ff_context_net_0_proj"]), ("txt_mlp_2", ["ff_context_net_2"]),
    ("img_mod_lin", ["norm1_linear"]), ("txt_mod_lin", ["norm1_context_linear"]),
  ]

  private static let single: [(fused: String, split: [(String, Range<Int>)], count: Int)] = [
    (
      "linear1",
      [
        ("attn_to_q", 0..<1), ("attn_to_k", 1..<2), ("attn_to_v", 2..<3),
        ("proj_mlp", 3..<7),
      ], 7
    ),
    ("linear2", [("proj_out", 0..<1)], 1), ("modulation_lin", [("norm_linear", 0..<1)], 1),
  ]

  private static let outside: [(fused: String, split: String)] = [
    ("img_in", "x_embedder"), ("txt_in", "context_embedder"),
    ("time_in_in_layer", "time_text_embed_timestep_embedder_linear_1"),
    ("time_in_out_layer", "time_text_embed_timestep_embedder_linear_2"),
    ("vector_in_in_layer", "time_text_embed_text_embedder_linear_1"),
    ("vector_in_out_layer", "time_text_embed_text_embedder_linear_2"),
    ("guidance_in_in_layer", "time_text_embed_guidance_embedder_linear_1"),
    ("guidance_in_out_layer", "time_text_embed_guidance_embedder_linear_2"),
    ("final_layer_linear", "proj_out"), ("final_layer_adaLN_modulation_1", "norm_out_linear"),
  ]

  /// Diffusers' layers that one of BFL's consists of; empty for a name that is none of BFL's.
  package static func shares(ofFused key: String) -> [Share] {
    if let (number, rest) = numbered("double_blocks_", key) {
      let split = double.first { $0.fused == rest }?.split ?? []
      return split.enumerated().map { index, name in
        share(
          key, "transformer_blocks_\(number)_\(name)", index..<index + 1, of: split.count)
      }
    }
    if let (number, rest) = numbered("single_blocks_", key) {
      guard let layer = single.first(where: { $0.fused == rest }) else { return [] }
      return layer.split.map {
        share(key, "single_transformer_blocks_\(number)_\($0.0)", $0.1, of: layer.count)
      }
    }
    return outside.filter { $0.fused == key }.map { share(key, $0.split, 0..<1, of: 1) }
  }

  /// Where one of diffusers' layers lies in BFL's; `nil` for a name that is none of diffusers'.
  package static func share(ofSplit key: String) -> Share? {
    if let (number, rest) = numbered("single_transformer_blocks_", key) {
      for layer in single {
        guard let part = layer.split.first(where: { $0.0 == rest }) else { continue }
        return share("single_blocks_\(number)_\(layer.fused)", key, part.1, of: layer.count)
      }
      return nil
    }
    if let (number, rest) = numbered("transformer_blocks_", key) {
      for layer in double {
        guard let index = layer.split.firstIndex(of: rest) else { continue }
        let fused = "double_blocks_\(number)_\(layer.fused)"
        return share(fused, key, index..<index + 1, of: layer.split.count)
      }
      return nil
    }
    return outside.first { $0.split == key }.map { share($0.fused, key, 0..<1, of: 1) }
  }

  private static func share(
    _ fused: String, _ split: String, _ shares: Range<Int>, of count: Int
  ) -> Share {
    Share(
      fusedKey: fused, splitKey: split, shares: shares, count: count,
      swapsHalves: split == "norm_out_linear")
  }

  private static func numbered(_ prefix: String, _ key: String) -> (number: Int, rest: String)? {
    guard key.utf8.starts(with: prefix.utf8) else { return nil }
    let pieces = key.dropFirst(prefix.count).split(separator: "_", maxSplits: 1)
    guard pieces.count == 2, let number = Int(pieces[0]) else { return nil }
    return (number, String(pieces[1]))
  }
}

extension FluxNames.Share {
  /// Rows of the split layer and the row of the fused one that the first of each range is.
  ///
  /// - Parameter outputs: The rows of the fused layer.
  package func moves(ofFused outputs: Int) -> [(split: Range<Int>, fused: Int)] {
    let height = outputs / count
    let rows = shares.count * height
    let start = shares.lowerBound * height
    if !swapsHalves { return [(0..<rows, start)] }
    return [(0..<rows / 2, start + rows / 2), (rows / 2..<rows, start)]
  }
}

extension Target {
  package init(flux key: String) {
    self.init(network: .denoiser, key: key, path: DottedPath.path(of: key))
  }
}
