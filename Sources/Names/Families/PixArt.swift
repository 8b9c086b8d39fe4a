extension Family {
  /// PixArt-α and PixArt-Σ.
  ///
  /// Sources: ComfyUI, `comfy/utils.py`, `pixart_to_diffusers`; diffusers,
  /// `pixart_transformer_2d.py`.
  static let pixart = Family(
    .pixart, widths: [1152], depths: ["blocks": [28], "transformer_blocks": [28]], trainers: [],
    comfyReadsDiffusers: true,
    encoders: [.t5("t5xxl", diffusers: "text_encoder", trainer: "lora_te1", oneTrainer: "lora_te")],
    layers: """
      [blocks.# = transformer_blocks.#]
      attn.qkv = attn1.to_q | attn1.to_k | attn1.to_v : 3 1
      attn.proj = attn1.to_out.0 : 1 1
      cross_attn.q_linear = attn2.to_q : 1 1
      cross_attn.kv_linear = attn2.to_k | attn2.to_v : 2 1
      cross_attn.proj = attn2.to_out.0 : 1 1
      mlp.fc1 = ff.net.0.proj : 4 1
      mlp.fc2 = ff.net.2 : 1 4
      scale_shift_table
      []
      x_embedder.proj = pos_embed.proj
      t_embedder.mlp.0 = adaln_single.emb.timestep_embedder.linear_1
      t_embedder.mlp.2 = adaln_single.emb.timestep_embedder.linear_2 : 1 1
      csize_embedder.mlp.0 = adaln_single.emb.resolution_embedder.linear_1
      csize_embedder.mlp.2 = adaln_single.emb.resolution_embedder.linear_2
      ar_embedder.mlp.0 = adaln_single.emb.aspect_ratio_embedder.linear_1
      ar_embedder.mlp.2 = adaln_single.emb.aspect_ratio_embedder.linear_2
      t_block.1 = adaln_single.linear : 6 1
      y_embedder.y_proj.fc1 = caption_projection.linear_1
      y_embedder.y_proj.fc2 = caption_projection.linear_2 : 1 1
      final_layer.linear = proj_out
      final_layer.scale_shift_table = scale_shift_table
      """)
}
