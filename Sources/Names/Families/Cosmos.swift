extension Family {
  /// Cosmos Predict2, 2B and 14B.
  ///
  /// Sources: diffusers, `transformer_cosmos.py` and
  /// `convert_cosmos_transformer_checkpoint_to_diffusers`; ComfyUI, `comfy/ldm/cosmos/predict2.py`.
  static let cosmos = Family(
    .cosmos, widths: [2048, 5120], depths: ["blocks": [28, 36], "transformer_blocks": [28, 36]],
    trainers: [], encoders: [.t5("t5xxl", diffusers: "text_encoder", trainer: "lora_te1")],
    layers: """
      \(predict2Blocks)
      []
      \(predict2Ends)
      """)

  /// The blocks of Cosmos Predict2, which Anima shares.
  static let predict2Blocks = """
    [blocks.# = transformer_blocks.#]
    self_attn.q_proj = attn1.to_q : 1 1
    self_attn.k_proj = attn1.to_k : 1 1
    self_attn.v_proj = attn1.to_v : 1 1
    self_attn.output_proj = attn1.to_out.0 : 1 1
    self_attn.q_norm = attn1.norm_q
    self_attn.k_norm = attn1.norm_k
    cross_attn.q_proj = attn2.to_q : 1 1
    cross_attn.k_proj = attn2.to_k
    cross_attn.v_proj = attn2.to_v
    cross_attn.output_proj = attn2.to_out.0 : 1 1
    cross_attn.q_norm = attn2.norm_q
    cross_attn.k_norm = attn2.norm_k
    mlp.layer1 = ff.net.0.proj : 4 1
    mlp.layer2 = ff.net.2 : 1 4
    adaln_modulation_self_attn.1 = norm1.linear_1
    adaln_modulation_self_attn.2 = norm1.linear_2
    adaln_modulation_cross_attn.1 = norm2.linear_1
    adaln_modulation_cross_attn.2 = norm2.linear_2
    adaln_modulation_mlp.1 = norm3.linear_1
    adaln_modulation_mlp.2 = norm3.linear_2
    """

  /// The layers before and after the blocks of Cosmos Predict2.
  static let predict2Ends = """
    x_embedder.proj.1 = patch_embed.proj
    t_embedder.1.linear_1 = time_embed.t_embedder.linear_1 : 1 1
    t_embedder.1.linear_2 = time_embed.t_embedder.linear_2 : 3 1
    t_embedding_norm = time_embed.norm
    final_layer.linear = proj_out
    final_layer.adaln_modulation.1 = norm_out.linear_1
    final_layer.adaln_modulation.2 = norm_out.linear_2
    """
}
