extension Family {
  /// Lumina Image 2, with 24 query heads and 8 key and value heads.
  ///
  /// Sources: diffusers, `convert_lumina2_to_diffusers` and `lora_conversion_utils.py`; sd-scripts,
  /// `networks/lora_lumina.py`; ComfyUI, `comfy/ldm/lumina/model.py`.
  static let lumina2 = Family(
    .lumina2, widths: [2304],
    depths: ["layers": [26], "noise_refiner": [2], "context_refiner": [2]],
    trainers: ["sd-scripts"], encoders: [.languageModel("gemma2_2b", diffusersRoot: "")],
    layers: """
      [layers.#, noise_refiner.#]
      attention.qkv = 3*attn.to_q | attn.to_k | attn.to_v
      attention.out = attn.to_out.0 : 1 1
      attention.q_norm = attn.norm_q
      attention.k_norm = attn.norm_k
      feed_forward.w1 = feed_forward.linear_1 : 4 1
      feed_forward.w2 = feed_forward.linear_2 : 1 4
      feed_forward.w3 = feed_forward.linear_3 : 4 1
      attention_norm1 = norm1.norm
      attention_norm2 = norm2
      ffn_norm1
      ffn_norm2
      adaLN_modulation.1 = norm1.linear
      [context_refiner.#]
      attention.qkv = 3*attn.to_q | attn.to_k | attn.to_v
      attention.out = attn.to_out.0 : 1 1
      attention.q_norm = attn.norm_q
      attention.k_norm = attn.norm_k
      feed_forward.w1 = feed_forward.linear_1 : 4 1
      feed_forward.w2 = feed_forward.linear_2 : 1 4
      feed_forward.w3 = feed_forward.linear_3 : 4 1
      attention_norm1 = norm1
      attention_norm2 = norm2
      ffn_norm1
      ffn_norm2
      []
      x_embedder
      t_embedder.mlp.0 = time_caption_embed.timestep_embedder.linear_1
      t_embedder.mlp.2 = time_caption_embed.timestep_embedder.linear_2
      cap_embedder.0 = time_caption_embed.caption_embedder.0
      cap_embedder.1 = time_caption_embed.caption_embedder.1 : 1 1
      final_layer.adaLN_modulation.1 = norm_out.linear_1
      final_layer.linear = norm_out.linear_2
      """)
}
