extension Family {
  /// Stable Diffusion 3 and 3.5, medium and large.
  ///
  /// The context of the last block has two rows of modulation per input, in swapped order.
  ///
  /// Sources: diffusers, `convert_sd3_transformer_checkpoint_to_diffusers`; ComfyUI,
  /// `comfy/utils.py`, `mmdit_to_diffusers`; sd-scripts, `networks/lora_sd3.py`.
  static let sd3 = Family(
    .sd3, widths: [1536, 2432],
    depths: ["joint_blocks": [24, 38], "transformer_blocks": [24, 38]], trainers: ["sd-scripts"],
    comfyReadsDiffusers: true, comfyReadsOneTrainer: true,
    encoders: [
      .clip("clip_l", trainer: "lora_te1"),
      .clip("clip_g", number: 2, diffusers: "text_encoder_2", trainer: "lora_te2"),
      .t5("t5xxl", diffusers: "text_encoder_3", trainer: "lora_te3"),
    ],
    layers: """
      [joint_blocks.# = transformer_blocks.#]
      x_block.attn.qkv = attn.to_q | attn.to_k | attn.to_v : 3 1
      x_block.attn.proj = attn.to_out.0 : 1 1
      x_block.attn.ln_q = attn.norm_q
      x_block.attn.ln_k = attn.norm_k
      x_block.mlp.fc1 = ff.net.0.proj : 4 1
      x_block.mlp.fc2 = ff.net.2 : 1 4
      x_block.adaLN_modulation.1 = norm1.linear
      context_block.attn.qkv = attn.add_q_proj | attn.add_k_proj | attn.add_v_proj : 3 1
      context_block.attn.proj = attn.to_add_out : 1 1
      context_block.attn.ln_q = attn.norm_added_q
      context_block.attn.ln_k = attn.norm_added_k
      context_block.mlp.fc1 = ff_context.net.0.proj : 4 1
      context_block.mlp.fc2 = ff_context.net.2 : 1 4
      context_block.adaLN_modulation.1 = ~~norm1_context.linear
      x_block.attn2.qkv = attn2.to_q | attn2.to_k | attn2.to_v : 3 1
      x_block.attn2.proj = attn2.to_out.0 : 1 1
      x_block.attn2.ln_q = attn2.norm_q
      x_block.attn2.ln_k = attn2.norm_k
      []
      x_embedder.proj = pos_embed.proj
      context_embedder
      t_embedder.mlp.0 = time_text_embed.timestep_embedder.linear_1
      t_embedder.mlp.2 = time_text_embed.timestep_embedder.linear_2 : 1 1
      y_embedder.mlp.0 = time_text_embed.text_embedder.linear_1
      y_embedder.mlp.2 = time_text_embed.text_embedder.linear_2 : 1 1
      final_layer.linear = proj_out
      final_layer.adaLN_modulation.1 = ~norm_out.linear : 2 1
      """)
}
