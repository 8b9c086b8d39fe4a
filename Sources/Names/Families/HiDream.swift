extension Family {
  /// HiDream-I1; all worlds use the authors' names.
  ///
  /// Sources: diffusers, `transformer_hidream_image.py`; ComfyUI, `comfy/ldm/hidream/model.py`.
  static let hidream = Family(
    .hidream, widths: [2560], depths: ["double_stream_blocks": [16], "single_stream_blocks": [32]],
    trainers: [], comfyReadsDiffusers: true,
    encoders: [
      .clip("clip_l", trainer: "lora_te1"),
      .clip("clip_g", number: 2, diffusers: "text_encoder_2", trainer: "lora_te2"),
      .t5("t5xxl", diffusers: "text_encoder_3", trainer: "lora_te3"),
      .languageModel("llama", number: 4, diffusers: "text_encoder_4", trainer: "lora_te4"),
    ],
    layers: """
      [double_stream_blocks.#.block]
      adaLN_modulation.1 : 12 1
      attn1.to_q : 1 1
      attn1.to_k : 1 1
      attn1.to_v : 1 1
      attn1.to_out : 1 1
      attn1.q_rms_norm
      attn1.k_rms_norm
      attn1.to_q_t : 1 1
      attn1.to_k_t : 1 1
      attn1.to_v_t : 1 1
      attn1.to_out_t : 1 1
      attn1.q_rms_norm_t
      attn1.k_rms_norm_t
      ff_i.shared_experts.w1
      ff_i.shared_experts.w2
      ff_i.shared_experts.w3
      ff_i.experts.#.w1
      ff_i.experts.#.w2
      ff_i.experts.#.w3
      ff_i.gate
      ff_t.w1
      ff_t.w2
      ff_t.w3
      [single_stream_blocks.#.block]
      adaLN_modulation.1 : 6 1
      attn1.to_q : 1 1
      attn1.to_k : 1 1
      attn1.to_v : 1 1
      attn1.to_out : 1 1
      attn1.q_rms_norm
      attn1.k_rms_norm
      ff_i.shared_experts.w1
      ff_i.shared_experts.w2
      ff_i.shared_experts.w3
      ff_i.experts.#.w1
      ff_i.experts.#.w2
      ff_i.experts.#.w3
      ff_i.gate
      []
      t_embedder.timestep_embedder.linear_1
      t_embedder.timestep_embedder.linear_2 : 1 1
      p_embedder.pooled_embedder.linear_1
      p_embedder.pooled_embedder.linear_2 : 1 1
      x_embedder.proj
      final_layer.linear
      final_layer.adaLN_modulation.1 : 2 1
      caption_projection.#.linear
      """)
}
