extension Family {
  /// HunyuanVideo, its image-to-video, SkyReels and FramePack.
  ///
  /// The names are Tencent's; ComfyUI uses its own in memory and also reads Tencent's names of
  /// blocks.
  ///
  /// Sources: diffusers, `convert_hunyuan_video_transformer_to_diffusers`; ComfyUI,
  /// `comfy/supported_models.py` (`HunyuanVideo`) and `comfy/lora.py`; musubi-tuner,
  /// `hunyuan_model`; OneTrainer, `HunyuanVideoModel.py`.
  static let hunyuanVideo = Family(
    .hunyuanVideo, widths: [3072],
    depths: [
      "double_blocks": [20], "single_blocks": [40], "transformer_blocks": [20],
      "single_transformer_blocks": [40],
    ],
    encoders: [
      .clip("clip_l", diffusers: "text_encoder_2", trainer: "lora_te2"),
      .languageModel("llama", number: 4, trainer: "lora_te1", diffusersRoot: ""),
    ],
    layers: """
      [double_blocks.# = transformer_blocks.#]
      img_attn_qkv = attn.to_q | attn.to_k | attn.to_v : 3 1 ; also img_attn.qkv
      img_attn_proj = attn.to_out.0 : 1 1 ; also img_attn.proj
      img_attn_q_norm = attn.norm_q ; also img_attn.norm.query_norm
      img_attn_k_norm = attn.norm_k ; also img_attn.norm.key_norm
      img_mod.linear = norm1.linear : 6 1 ; also img_mod.lin
      img_mlp.fc1 = ff.net.0.proj : 4 1 ; also img_mlp.0
      img_mlp.fc2 = ff.net.2 : 1 4 ; also img_mlp.2
      txt_attn_qkv = attn.add_q_proj | attn.add_k_proj | attn.add_v_proj : 3 1 ; also txt_attn.qkv
      txt_attn_proj = attn.to_add_out : 1 1 ; also txt_attn.proj
      txt_attn_q_norm = attn.norm_added_q ; also txt_attn.norm.query_norm
      txt_attn_k_norm = attn.norm_added_k ; also txt_attn.norm.key_norm
      txt_mod.linear = norm1_context.linear : 6 1 ; also txt_mod.lin
      txt_mlp.fc1 = ff_context.net.0.proj : 4 1 ; also txt_mlp.0
      txt_mlp.fc2 = ff_context.net.2 : 1 4 ; also txt_mlp.2
      \(hunyuanSingleBlocks)
      \(hunyuanRefiner)
      []
      time_in.mlp.0 = time_text_embed.timestep_embedder.linear_1 ; also time_in.in_layer
      time_in.mlp.2 = time_text_embed.timestep_embedder.linear_2 : 1 1 ; also time_in.out_layer
      vector_in.in_layer = time_text_embed.text_embedder.linear_1 : 1 0.25
      vector_in.out_layer = time_text_embed.text_embedder.linear_2 : 1 1
      guidance_in.mlp.0 = time_text_embed.guidance_embedder.linear_1 ; also guidance_in.in_layer
      guidance_in.mlp.2 = time_text_embed.guidance_embedder.linear_2 : 1 1 ; also guidance_in.out_layer
      txt_in.input_embedder = context_embedder.proj_in
      txt_in.t_embedder.mlp.0 = context_embedder.time_text_embed.timestep_embedder.linear_1 ; also txt_in.t_embedder.in_layer
      txt_in.t_embedder.mlp.2 = context_embedder.time_text_embed.timestep_embedder.linear_2 : 1 1 ; also txt_in.t_embedder.out_layer
      txt_in.c_embedder.linear_1 = context_embedder.time_text_embed.text_embedder.linear_1 ; also txt_in.c_embedder.in_layer
      txt_in.c_embedder.linear_2 = context_embedder.time_text_embed.text_embedder.linear_2 : 1 1 ; also txt_in.c_embedder.out_layer
      img_in.proj = x_embedder.proj
      final_layer.linear = proj_out
      final_layer.adaLN_modulation.1 = ~norm_out.linear : 2 1
      """)

  /// The single blocks of HunyuanVideo and HunyuanImage.
  static let hunyuanSingleBlocks = """
    [single_blocks.# = single_transformer_blocks.#]
    linear1 = attn.to_q | attn.to_k | attn.to_v | 4*proj_mlp : 7 1
    linear2 = proj_out : 1 5
    modulation.linear = norm.linear : 3 1 ; also modulation.lin
    q_norm = attn.norm_q ; also norm.query_norm
    k_norm = attn.norm_k ; also norm.key_norm
    """

  /// The text refiner that all of Tencent's models have.
  static let hunyuanRefiner = """
    [txt_in.individual_token_refiner.blocks.# = context_embedder.token_refiner.refiner_blocks.#]
    self_attn_qkv = attn.to_q | attn.to_k | attn.to_v : 3 1 ; also self_attn.qkv
    self_attn_proj = attn.to_out.0 : 1 1 ; also self_attn.proj
    mlp.fc1 = ff.net.0.proj : 4 1 ; also mlp.0
    mlp.fc2 = ff.net.2 : 1 4 ; also mlp.2
    adaLN_modulation.1 = norm_out.linear : 2 1
    norm1
    norm2
    """
}
