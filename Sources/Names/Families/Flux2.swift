extension Family {
  /// Flux.2 dev, klein 9B and klein 4B.
  ///
  /// diffusers keeps the first layer of a single block in one piece. Its encoders, Qwen3 in two
  /// sizes and Mistral, cannot be told apart by names, and no trainer adapts them.
  ///
  /// Sources: diffusers, `convert_flux2_to_diffusers.py` and `lora_conversion_utils.py`;
  /// musubi-tuner, `flux_2`.
  static let flux2 = Family(
    .flux2, widths: [3072, 4096, 6144],
    depths: [
      "double_blocks": [5, 8], "single_blocks": [20, 24, 48], "transformer_blocks": [5, 8],
      "single_transformer_blocks": [20, 24, 48],
    ],
    comfyReadsDiffusers: true,
    layers: """
      [double_blocks.# = transformer_blocks.#]
      img_attn.qkv = attn.to_q | attn.to_k | attn.to_v : 3 1
      txt_attn.qkv = attn.add_q_proj | attn.add_k_proj | attn.add_v_proj : 3 1
      img_attn.proj = attn.to_out.0 : 1 1
      txt_attn.proj = attn.to_add_out : 1 1
      img_mlp.0 = ff.linear_in : 6 1
      img_mlp.2 = ff.linear_out : 1 3
      txt_mlp.0 = ff_context.linear_in : 6 1
      txt_mlp.2 = ff_context.linear_out : 1 3
      img_attn.norm.query_norm = attn.norm_q
      img_attn.norm.key_norm = attn.norm_k
      txt_attn.norm.query_norm = attn.norm_added_q
      txt_attn.norm.key_norm = attn.norm_added_k
      [single_blocks.# = single_transformer_blocks.#]
      linear1 = attn.to_qkv_mlp_proj : 9 1
      linear2 = attn.to_out : 1 4
      norm.query_norm = attn.norm_q
      norm.key_norm = attn.norm_k
      []
      img_in = x_embedder
      txt_in = context_embedder
      time_in.in_layer = time_guidance_embed.timestep_embedder.linear_1
      time_in.out_layer = time_guidance_embed.timestep_embedder.linear_2 : 1 1
      guidance_in.in_layer = time_guidance_embed.guidance_embedder.linear_1
      guidance_in.out_layer = time_guidance_embed.guidance_embedder.linear_2 : 1 1
      single_stream_modulation.lin = single_stream_modulation.linear : 3 1
      double_stream_modulation_img.lin = double_stream_modulation_img.linear : 6 1
      double_stream_modulation_txt.lin = double_stream_modulation_txt.linear : 6 1
      final_layer.linear = proj_out
      final_layer.adaLN_modulation.1 = ~norm_out.linear : 2 1
      """)
}
