/// The role of a layer in its network, by which users choose layers.
package enum LayerKind: String, CaseIterable, Sendable {
  /// Self-attention, cross-attention, or joint attention of two sequences.
  case attention
  case selfAttention = "self-attention"
  case crossAttention = "cross-attention"
  case feedForward = "feed-forward"

  /// A U-Net's resnet and sampler layers, and all layers with a kernel of more than one pixel.
  case convolution
  case norm

  /// Layers that compute a norm's scale and shift from the time step (adaLN).
  case modulation

  /// Embeddings of tokens, patches, time steps and other conditions.
  case embedding

  /// Layers between the input of a network or block and its transformer, and after it.
  case projection
  case textEncoder = "text-encoder"

  /// The U-Net or transformer.
  case denoiser
}

extension LayerKind {
  /// All kinds of a layer, from its network and its path.
  ///
  /// A layer that joins two in one matrix, as Flux's `linear1` does, has both kinds.
  package static func kinds(of target: Target) -> Set<LayerKind> {
    let network: LayerKind = target.network == .denoiser ? .denoiser : .textEncoder
    let key = "_\(target.key.lowercased())_"
    let row = table.first { row in
      contains(row.within, in: key) && row.words.contains { contains($0, in: key) }
    }
    return Set([network] + (row?.kinds ?? []))
  }

  /// The words of flattened paths; the first row with a word that the path contains counts.
  ///
  /// A norm inside attention is a norm, and a layer that modulates it is not: both come first. So
  /// do embedders, which contain an MLP.
  private static let table: [(within: String, words: [String], kinds: [LayerKind])] = [
    (
      "",
      [
        "_modulation_", "_adaln", "_img_mod_", "_txt_mod_", "_norm_linear_", "_norm1_linear_",
        "_norm1_context_linear_", "_norm_out_linear_", "_scale_shift_table_",
      ], [.modulation]
    ),
    ("", ["_norm", "layernorm", "_layrnorm_", "_rmsnorm", "_ln_"], [.norm]),
    (
      "_single_", ["_linear1_", "_linear2_", "_proj_out_", "_to_qkv_mlp_proj_"],
      [.attention, .feedForward]
    ),
    (
      "",
      [
        "_attn2_", "_cross_attn_", "_crossattn_", "_encdecattention_", "_cross_attention_",
        "_encoder_attn_",
      ], [.attention, .crossAttention]
    ),
    (
      "", ["_attn1_", "_self_attn_", "_selfattention_", "_self_attention_", "_attention_self_"],
      [.attention, .selfAttention]
    ),
    ("", ["_attn", "_attention_", "_qkv_"], [.attention]),
    ("", ["_embedder_", "_time_in_", "_vector_in_", "_guidance_in_"], [.embedding]),
    (
      "",
      [
        "_ff_", "_ffn_", "_mlp_", "_feed_forward_", "_densereludense_", "_proj_mlp_", "_fc1_",
        "_fc2_", "_c_fc_",
      ], [.feedForward]
    ),
    (
      "", ["_proj_in_", "_proj_out_", "_final_layer_", "_head_", "_text_projection_"],
      [.projection]
    ),
    (
      "",
      [
        "_emb", "_time_", "_txt_in_", "_img_in_", "_patch", "_wte_", "_wpe_", "_shared_",
        "_caption_projection_",
      ], [.embedding]
    ),
    ("", ["_conv", "samplers_", "_skip_connection_", "_op_"], [.convolution]),
  ]
}
