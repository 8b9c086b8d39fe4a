extension Family {
  /// HunyuanVideo 1.5: Tencent's files and musubi-tuner have q, k and v apart, ComfyUI joined.
  ///
  /// Sources: diffusers, `convert_hunyuan_video1_5_to_diffusers.py`; musubi-tuner,
  /// `convert_hunyuan_video_1_5_lora_to_comfy.py` and `hunyuan_video_1_5`; ComfyUI,
  /// `comfy/supported_models.py`.
  static let hunyuanVideo15 = Family(
    .hunyuanVideo15, widths: [2048], depths: ["double_blocks": [54], "transformer_blocks": [54]],
    encoders: [
      .languageModel("qwen25_7b", diffusersRoot: ""),
      .t5("byt5_small", diffusers: "text_encoder_2", trainer: "lora_te2"),
    ],
    layers: """
      [double_blocks.# = transformer_blocks.#]
      img_attn.qkv = attn.to_q | attn.to_k | attn.to_v : 3 1 ; trainer img_attn_q | img_attn_k | img_attn_v ; also img_attn_qkv
      img_attn.proj = attn.to_out.0 : 1 1 ; trainer img_attn_proj
      img_attn.norm.query_norm = attn.norm_q ; trainer img_attn_q_norm
      img_attn.norm.key_norm = attn.norm_k ; trainer img_attn_k_norm
      img_mod.lin = norm1.linear : 6 1 ; trainer img_mod.linear
      img_mlp.0 = ff.net.0.proj : 4 1 ; trainer img_mlp.fc1
      img_mlp.2 = ff.net.2 : 1 4 ; trainer img_mlp.fc2
      txt_attn.qkv = attn.add_q_proj | attn.add_k_proj | attn.add_v_proj : 3 1 ; trainer txt_attn_q | txt_attn_k | txt_attn_v ; also txt_attn_qkv
      txt_attn.proj = attn.to_add_out : 1 1 ; trainer txt_attn_proj
      txt_attn.norm.query_norm = attn.norm_added_q ; trainer txt_attn_q_norm
      txt_attn.norm.key_norm = attn.norm_added_k ; trainer txt_attn_k_norm
      txt_mod.lin = norm1_context.linear : 6 1 ; trainer txt_mod.linear
      txt_mlp.0 = ff_context.net.0.proj : 4 1 ; trainer txt_mlp.fc1
      txt_mlp.2 = ff_context.net.2 : 1 4 ; trainer txt_mlp.fc2
      [txt_in.individual_token_refiner.blocks.# = context_embedder.token_refiner.refiner_blocks.#]
      self_attn.qkv = attn.to_q | attn.to_k | attn.to_v : 3 1 ; trainer self_attn_qkv
      self_attn.proj = attn.to_out.0 : 1 1 ; trainer self_attn_proj
      mlp.0 = ff.net.0.proj : 4 1 ; trainer mlp.fc1
      mlp.2 = ff.net.2 : 1 4 ; trainer mlp.fc2
      adaLN_modulation.1 = norm_out.linear : 2 1
      norm1
      norm2
      []
      time_in.in_layer = time_embed.timestep_embedder.linear_1 ; trainer time_in.mlp.0
      time_in.out_layer = time_embed.timestep_embedder.linear_2 : 1 1 ; trainer time_in.mlp.2
      time_r_in.in_layer = time_embed.timestep_embedder_r.linear_1 ; trainer time_r_in.mlp.0
      time_r_in.out_layer = time_embed.timestep_embedder_r.linear_2 : 1 1 ; trainer time_r_in.mlp.2
      vision_in.proj.0 = image_embedder.norm_in
      vision_in.proj.1 = image_embedder.linear_1
      vision_in.proj.3 = image_embedder.linear_2
      vision_in.proj.4 = image_embedder.norm_out
      cond_type_embedding = cond_type_embed
      byt5_in.layernorm = context_embedder_2.norm
      byt5_in.fc1 = context_embedder_2.linear_1
      byt5_in.fc2 = context_embedder_2.linear_2 : 1 1
      byt5_in.fc3 = context_embedder_2.linear_3 : 1 1
      txt_in.input_embedder = context_embedder.proj_in : 1 1.75
      txt_in.t_embedder.in_layer = context_embedder.time_text_embed.timestep_embedder.linear_1 ; trainer txt_in.t_embedder.mlp.0
      txt_in.t_embedder.out_layer = context_embedder.time_text_embed.timestep_embedder.linear_2 : 1 1 ; trainer txt_in.t_embedder.mlp.2
      txt_in.c_embedder.in_layer = context_embedder.time_text_embed.text_embedder.linear_1 : 1 1.75 ; trainer txt_in.c_embedder.linear_1
      txt_in.c_embedder.out_layer = context_embedder.time_text_embed.text_embedder.linear_2 : 1 1 ; trainer txt_in.c_embedder.linear_2
      img_in.proj = x_embedder.proj
      final_layer.linear = proj_out
      final_layer.adaLN_modulation.1 = ~norm_out.linear : 2 1
      """)
}
