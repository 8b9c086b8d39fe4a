extension Family {
  /// Anima: Cosmos Predict2 of 2 billion weights behind an adapter of the text.
  ///
  /// diffusers keeps the adapter in a component of its own, `text_conditioner`.
  ///
  /// Sources: diffusers, `lora_conversion_utils.py`,
  /// `_convert_non_diffusers_anima_lora_to_diffusers`, and `convert_anima_to_diffusers.py`;
  /// sd-scripts, `networks/lora_anima.py`; ComfyUI, `comfy/ldm/cosmos/predict2.py`.
  static let anima = Family(
    .anima, widths: [2048], depths: ["blocks": [28], "transformer_blocks": [28]],
    trainers: ["sd-scripts"], ownComponents: ["text_conditioner"],
    encoders: [.languageModel("qwen3_06b", diffusersRoot: "")],
    layers: """
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
      [llm_adapter.blocks.# = text_conditioner.blocks.#]
      self_attn.q_proj : 0.5 0.5
      self_attn.k_proj : 0.5 0.5
      self_attn.v_proj : 0.5 0.5
      self_attn.o_proj : 0.5 0.5
      cross_attn.q_proj : 0.5 0.5
      cross_attn.k_proj : 0.5 0.5
      cross_attn.v_proj : 0.5 0.5
      cross_attn.o_proj : 0.5 0.5
      self_attn.q_norm
      self_attn.k_norm
      cross_attn.q_norm
      cross_attn.k_norm
      norm_self_attn
      norm_cross_attn
      norm_mlp
      mlp.0 : 2 0.5
      mlp.2 : 0.5 2
      [llm_adapter = text_conditioner]
      embed
      in_proj
      out_proj : 0.5 0.5
      norm
      []
      x_embedder.proj.1 = patch_embed.proj
      t_embedder.1.linear_1 = time_embed.t_embedder.linear_1 : 1 1
      t_embedder.1.linear_2 = time_embed.t_embedder.linear_2 : 3 1
      t_embedding_norm = time_embed.norm
      final_layer.linear = proj_out
      final_layer.adaln_modulation.1 = norm_out.linear_1
      final_layer.adaln_modulation.2 = norm_out.linear_2
      """)
}
