extension Family {
  /// HunyuanVideo 1.5; Tencent's files and musubi-tuner separate q, k and v, ComfyUI joins them.
  ///
  /// The names are Tencent's; ComfyUI uses its own in memory and also reads Tencent's names of
  /// blocks.
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
      img_attn_qkv = attn.to_q | attn.to_k | attn.to_v : 3 1 ; trainer img_attn_q | img_attn_k | img_attn_v ; also img_attn.qkv
      img_attn_proj = attn.to_out.0 : 1 1 ; also img_attn.proj
      img_attn_q_norm = attn.norm_q ; also img_attn.norm.query_norm
      img_attn_k_norm = attn.norm_k ; also img_attn.norm.key_norm
      img_mod.linear = norm1.linear : 6 1 ; also img_mod.lin
      img_mlp.fc1 = ff.net.0.proj : 4 1 ; also img_mlp.0
      img_mlp.fc2 = ff.net.2 : 1 4 ; also img_mlp.2
      txt_attn_qkv = attn.add_q_proj | attn.add_k_proj | attn.add_v_proj : 3 1 ; trainer txt_attn_q | txt_attn_k | txt_attn_v ; also txt_attn.qkv
      txt_attn_proj = attn.to_add_out : 1 1 ; also txt_attn.proj
      txt_attn_q_norm = attn.norm_added_q ; also txt_attn.norm.query_norm
      txt_attn_k_norm = attn.norm_added_k ; also txt_attn.norm.key_norm
      txt_mod.linear = norm1_context.linear : 6 1 ; also txt_mod.lin
      txt_mlp.fc1 = ff_context.net.0.proj : 4 1 ; also txt_mlp.0
      txt_mlp.fc2 = ff_context.net.2 : 1 4 ; also txt_mlp.2
      \(hunyuanRefiner)
      []
      time_in.mlp.0 = time_embed.timestep_embedder.linear_1 ; also time_in.in_layer
      time_in.mlp.2 = time_embed.timestep_embedder.linear_2 : 1 1 ; also time_in.out_layer
      time_r_in.mlp.0 = time_embed.timestep_embedder_r.linear_1 ; also time_r_in.in_layer
      time_r_in.mlp.2 = time_embed.timestep_embedder_r.linear_2 : 1 1 ; also time_r_in.out_layer
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
      txt_in.t_embedder.mlp.0 = context_embedder.time_text_embed.timestep_embedder.linear_1 ; also txt_in.t_embedder.in_layer
      txt_in.t_embedder.mlp.2 = context_embedder.time_text_embed.timestep_embedder.linear_2 : 1 1 ; also txt_in.t_embedder.out_layer
      txt_in.c_embedder.linear_1 = context_embedder.time_text_embed.text_embedder.linear_1 : 1 1.75 ; also txt_in.c_embedder.in_layer
      txt_in.c_embedder.linear_2 = context_embedder.time_text_embed.text_embedder.linear_2 : 1 1 ; also txt_in.c_embedder.out_layer
      img_in.proj = x_embedder.proj
      final_layer.linear = proj_out
      final_layer.adaLN_modulation.1 = ~norm_out.linear : 2 1
      """)
}
