/// What a layer does in its network, as people choose layers by it.
package enum LayerKind: String, CaseIterable, Sendable {
  /// Of a sequence to itself, to another, or of two that are joined.
  case attention
  case selfAttention = "self-attention"
  case crossAttention = "cross-attention"
  case feedForward = "feed-forward"

  /// Of a U-Net: its resnets' and samplers' layers, and all with a kernel of more than one pixel.
  case convolution
  case norm

  /// What makes a norm's scale and shift of the time step (adaLN).
  case modulation

  /// Of tokens, patches, time steps and other conditions.
  case embedding

  /// From the network's or a block's input into its transformer, and out of it.
  case projection
  case textEncoder = "text-encoder"

  /// The U-Net or transformer.
  case denoiser
}

extension LayerKind {
  /// All that a layer is by its name: its network, and what its path says.
  ///
  /// A layer that holds two in one matrix, as Flux's `linear1` does, is both.
  package static func kinds(of target: Target) -> Set<LayerKind> {
    let network: LayerKind = target.network == .denoiser ? .denoiser : .textEncoder
    let key = "_\(target.key.lowercased())_"
    let row = table.first { row in
      contains(row.within, in: key) && row.words.contains { contains($0, in: key) }
    }
    return Set([network] + (row?.kinds ?? []))
  }

  /// Words of flattened paths; the first row with one that a path contains counts.
  ///
  /// A norm inside of an attention is a norm, and the layer that modulates it none: both stand
  /// first. So do embedders, which have an MLP inside.
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
