extension Family {
  /// Qwen-Image and its Edit versions; all worlds use diffusers' names.
  ///
  /// Sources: diffusers, `transformer_qwenimage.py`; ComfyUI, `comfy/ldm/qwen_image/model.py`;
  /// musubi-tuner, `qwen_image`.
  static let qwenImage = Family(
    .qwenImage, widths: [3072], depths: ["transformer_blocks": [60]], comfyReadsDiffusers: true,
    encoders: [.languageModel("qwen25_7b", diffusersRoot: "model.language_model.")],
    layers: """
      [transformer_blocks.#]
      attn.to_q : 1 1
      attn.to_k : 1 1
      attn.to_v : 1 1
      attn.add_q_proj : 1 1
      attn.add_k_proj : 1 1
      attn.add_v_proj : 1 1
      attn.to_out.0 : 1 1
      attn.to_add_out : 1 1
      attn.norm_q
      attn.norm_k
      attn.norm_added_q
      attn.norm_added_k
      img_mod.1 : 6 1
      txt_mod.1 : 6 1
      img_mlp.net.0.proj : 4 1
      img_mlp.net.2 : 1 4
      txt_mlp.net.0.proj : 4 1
      txt_mlp.net.2 : 1 4
      []
      img_in
      txt_in
      txt_norm
      proj_out
      norm_out.linear : 2 1
      time_text_embed.timestep_embedder.linear_1
      time_text_embed.timestep_embedder.linear_2 : 1 1
      """)
}
