extension Family {
  /// Z-Image and its Turbo; musubi-tuner and diffusers separate q, k and v, ComfyUI joins them.
  ///
  /// Sources: diffusers, `transformer_z_image.py` and `convert_z_image_to_diffusers`; musubi-tuner,
  /// `zimage`; ComfyUI, `comfy/utils.py`, `z_image_to_diffusers`.
  static let zImage = Family(
    .zImage, widths: [3840],
    depths: ["layers": [30], "noise_refiner": [2], "context_refiner": [2]],
    trainer: .diffusers, comfyReadsDiffusers: true, encoders: [.languageModel("qwen3_4b")],
    layers: """
      [layers.#, noise_refiner.#, context_refiner.#]
      attention.qkv = attention.to_q | attention.to_k | attention.to_v : 3 1
      attention.out = attention.to_out.0 : 1 1
      attention.q_norm = attention.norm_q
      attention.k_norm = attention.norm_k
      feed_forward.w1
      feed_forward.w2
      feed_forward.w3
      adaLN_modulation.0
      attention_norm1
      attention_norm2
      ffn_norm1
      ffn_norm2
      []
      x_embedder = all_x_embedder.2-1
      cap_embedder.0
      cap_embedder.1
      t_embedder.mlp.0
      t_embedder.mlp.2
      final_layer.linear = all_final_layer.2-1.linear
      final_layer.adaLN_modulation.1 = all_final_layer.2-1.adaLN_modulation.1
      """)
}
