extension Family {
  /// HunyuanImage 2.1 and its distilled version.
  ///
  /// The names are Tencent's; ComfyUI uses its own in memory and also reads Tencent's names of
  /// blocks.
  ///
  /// Sources: diffusers, `convert_hunyuan_image_to_diffusers.py`; sd-scripts,
  /// `networks/lora_hunyuan_image.py` and `convert_hunyuan_image_lora_to_comfy.py`; ComfyUI,
  /// `comfy/supported_models.py`.
  static let hunyuanImage = Family(
    .hunyuanImage, widths: [3584],
    depths: [
      "double_blocks": [20], "single_blocks": [40], "transformer_blocks": [20],
      "single_transformer_blocks": [40],
    ], trainers: ["sd-scripts"],
    encoders: [
      .languageModel("qwen25_7b", diffusersRoot: "model.language_model."),
      .t5("byt5_small", diffusers: "text_encoder_2", trainer: "lora_te2"),
    ],
    layers: """
      [double_blocks.# = transformer_blocks.#]
      img_attn_qkv = attn.to_q | attn.to_k | attn.to_v : 3 1 ; also img_attn.qkv ; also img_attn_q@0-0 ; also img_attn_k@1-1 ; also img_attn_v@2-2
      img_attn_proj = attn.to_out.0 : 1 1 ; also img_attn.proj
      img_attn_q_norm = attn.norm_q ; also img_attn.norm.query_norm
      img_attn_k_norm = attn.norm_k ; also img_attn.norm.key_norm
      img_mod.linear = norm1.linear : 6 1 ; also img_mod.lin
      img_mlp.fc1 = ff.net.0.proj : 4 1 ; also img_mlp.0
      img_mlp.fc2 = ff.net.2 : 1 4 ; also img_mlp.2
      txt_attn_qkv = attn.add_q_proj | attn.add_k_proj | attn.add_v_proj : 3 1 ; also txt_attn.qkv ; also txt_attn_q@0-0 ; also txt_attn_k@1-1 ; also txt_attn_v@2-2
      txt_attn_proj = attn.to_add_out : 1 1 ; also txt_attn.proj
      txt_attn_q_norm = attn.norm_added_q ; also txt_attn.norm.query_norm
      txt_attn_k_norm = attn.norm_added_k ; also txt_attn.norm.key_norm
      txt_mod.linear = norm1_context.linear : 6 1 ; also txt_mod.lin
      txt_mlp.fc1 = ff_context.net.0.proj : 4 1 ; also txt_mlp.0
      txt_mlp.fc2 = ff_context.net.2 : 1 4 ; also txt_mlp.2
      \(hunyuanSingleBlocks)
      \(hunyuanRefiner)
      []
      time_in.mlp.0 = time_guidance_embed.timestep_embedder.linear_1 ; also time_in.in_layer
      time_in.mlp.2 = time_guidance_embed.timestep_embedder.linear_2 : 1 1 ; also time_in.out_layer
      time_r_in.mlp.0 = time_guidance_embed.timestep_embedder_r.linear_1 ; also time_r_in.in_layer
      time_r_in.mlp.2 = time_guidance_embed.timestep_embedder_r.linear_2 : 1 1 ; also time_r_in.out_layer
      guidance_in.mlp.0 = time_guidance_embed.guidance_embedder.linear_1 ; also guidance_in.in_layer
      guidance_in.mlp.2 = time_guidance_embed.guidance_embedder.linear_2 : 1 1 ; also guidance_in.out_layer
      byt5_in.layernorm = context_embedder_2.norm
      byt5_in.fc1 = context_embedder_2.linear_1
      byt5_in.fc2 = context_embedder_2.linear_2
      byt5_in.fc3 = context_embedder_2.linear_3
      txt_in.input_embedder = context_embedder.proj_in : 1 1
      txt_in.t_embedder.mlp.0 = context_embedder.time_text_embed.timestep_embedder.linear_1 ; also txt_in.t_embedder.in_layer
      txt_in.t_embedder.mlp.2 = context_embedder.time_text_embed.timestep_embedder.linear_2 : 1 1 ; also txt_in.t_embedder.out_layer
      txt_in.c_embedder.linear_1 = context_embedder.time_text_embed.text_embedder.linear_1 : 1 1 ; also txt_in.c_embedder.in_layer
      txt_in.c_embedder.linear_2 = context_embedder.time_text_embed.text_embedder.linear_2 : 1 1 ; also txt_in.c_embedder.out_layer
      img_in.proj = x_embedder.proj
      final_layer.linear = proj_out
      final_layer.adaLN_modulation.1 = ~norm_out.linear : 2 1
      """)
}
