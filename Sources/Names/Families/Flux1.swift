extension Family {
  /// Flux.1 dev, schnell, Kontext, Fill, Krea.
  ///
  /// Sources: diffusers, `convert_flux_to_diffusers.py`; sd-scripts, `networks/convert_flux_lora.py`
  /// and `lora_flux.py`; XLabs-AI/x-flux; ComfyUI, `comfy/utils.py`, `flux_to_diffusers`.
  static let flux1 = Family(
    .flux1, widths: [3072],
    depths: [
      "double_blocks": [19], "single_blocks": [38], "transformer_blocks": [19],
      "single_transformer_blocks": [38],
    ],
    trainers: ["sd-scripts"], comfyReadsDiffusers: true, comfyReadsOneTrainer: true,
    encoders: [
      .clip("clip_l", trainer: "lora_te1"),
      .t5("t5xxl", diffusers: "text_encoder_2", trainer: "lora_te3", oneTrainer: "lora_te2"),
    ],
    layers: """
      [double_blocks.# = transformer_blocks.#]
      img_attn.qkv = attn.to_q | attn.to_k | attn.to_v : 3 1
      txt_attn.qkv = attn.add_q_proj | attn.add_k_proj | attn.add_v_proj : 3 1
      img_attn.proj = attn.to_out.0 : 1 1
      txt_attn.proj = attn.to_add_out : 1 1
      img_mlp.0 = ff.net.0.proj : 4 1
      img_mlp.2 = ff.net.2 : 1 4
      txt_mlp.0 = ff_context.net.0.proj : 4 1
      txt_mlp.2 = ff_context.net.2 : 1 4
      img_mod.lin = norm1.linear : 6 1
      txt_mod.lin = norm1_context.linear : 6 1
      img_attn.norm.query_norm = attn.norm_q
      img_attn.norm.key_norm = attn.norm_k
      txt_attn.norm.query_norm = attn.norm_added_q
      txt_attn.norm.key_norm = attn.norm_added_k
      [single_blocks.# = single_transformer_blocks.#]
      linear1 = attn.to_q | attn.to_k | attn.to_v | 4*proj_mlp : 7 1 ; also linear1_qkv@0-2 ; also qkv@0-2
      linear2 = proj_out : 1 5
      modulation.lin = norm.linear : 3 1
      norm.query_norm = attn.norm_q
      norm.key_norm = attn.norm_k
      []
      img_in = x_embedder
      txt_in = context_embedder
      time_in.in_layer = time_text_embed.timestep_embedder.linear_1
      time_in.out_layer = time_text_embed.timestep_embedder.linear_2 : 1 1
      vector_in.in_layer = time_text_embed.text_embedder.linear_1
      vector_in.out_layer = time_text_embed.text_embedder.linear_2 : 1 1
      guidance_in.in_layer = time_text_embed.guidance_embedder.linear_1
      guidance_in.out_layer = time_text_embed.guidance_embedder.linear_2 : 1 1
      final_layer.linear = proj_out
      final_layer.adaLN_modulation.1 = ~norm_out.linear : 2 1
      """)
}
