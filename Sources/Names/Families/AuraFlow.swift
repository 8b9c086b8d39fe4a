extension Family {
  /// AuraFlow.
  ///
  /// Sources: diffusers, `convert_auraflow_transformer_checkpoint_to_diffusers`; ComfyUI,
  /// `comfy/utils.py`, `auraflow_to_diffusers`.
  static let auraflow = Family(
    .auraflow, widths: [3072],
    depths: [
      "double_layers": [4], "single_layers": [32], "joint_transformer_blocks": [4],
      "single_transformer_blocks": [32],
    ], trainers: [], comfyReadsDiffusers: true,
    encoders: [.t5("pile_t5xl", diffusers: "text_encoder", trainer: "lora_te1")],
    layers: """
      [double_layers.# = joint_transformer_blocks.#]
      attn.w2q = attn.to_q : 1 1
      attn.w2k = attn.to_k : 1 1
      attn.w2v = attn.to_v : 1 1
      attn.w2o = attn.to_out.0 : 1 1
      attn.w1q = attn.add_q_proj : 1 1
      attn.w1k = attn.add_k_proj : 1 1
      attn.w1v = attn.add_v_proj : 1 1
      attn.w1o = attn.to_add_out : 1 1
      mlpX.c_fc1 = ff.linear_1
      mlpX.c_fc2 = ff.linear_2
      mlpX.c_proj = ff.out_projection
      mlpC.c_fc1 = ff_context.linear_1
      mlpC.c_fc2 = ff_context.linear_2
      mlpC.c_proj = ff_context.out_projection
      modX.1 = norm1.linear : 6 1
      modC.1 = norm1_context.linear : 6 1
      [single_layers.# = single_transformer_blocks.#]
      attn.w1q = attn.to_q : 1 1
      attn.w1k = attn.to_k : 1 1
      attn.w1v = attn.to_v : 1 1
      attn.w1o = attn.to_out.0 : 1 1
      mlp.c_fc1 = ff.linear_1
      mlp.c_fc2 = ff.linear_2
      mlp.c_proj = ff.out_projection
      modCX.1 = norm1.linear : 6 1
      []
      t_embedder.mlp.0 = time_step_proj.linear_1
      t_embedder.mlp.2 = time_step_proj.linear_2 : 1 1
      cond_seq_linear = context_embedder
      init_x_linear = pos_embed.proj
      final_linear = proj_out
      modF.1 = ~norm_out.linear : 2 1
      register_tokens
      """)
}
