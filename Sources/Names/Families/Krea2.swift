extension Family {
  /// Krea 2.
  ///
  /// Sources: diffusers, `convert_krea2_transformer_checkpoint_to_diffusers` and
  /// `lora_conversion_utils.py`; ComfyUI, `comfy/utils.py`, `krea2_to_diffusers`; musubi-tuner,
  /// `krea2`.
  static let krea2 = Family(
    .krea2, widths: [6144], depths: ["blocks": [28], "transformer_blocks": [28]],
    comfyReadsDiffusers: true,
    encoders: [.languageModel("qwen3vl_4b", diffusersRoot: "language_model.")],
    layers: """
      [blocks.# = transformer_blocks.#]
      mod.lin = scale_shift_table
      attn.wq = attn.to_q : 1 1
      attn.wk = attn.to_k : 0.25 1
      attn.wv = attn.to_v : 0.25 1
      attn.wo = attn.to_out.0 : 1 1
      attn.gate = attn.to_gate : 1 1
      attn.qknorm.qnorm = attn.norm_q
      attn.qknorm.knorm = attn.norm_k
      mlp.gate = ff.gate
      mlp.up = ff.up
      mlp.down = ff.down
      prenorm = norm1
      postnorm = norm2
      [txtfusion.layerwise_blocks.# = text_fusion.layerwise_blocks.#, txtfusion.refiner_blocks.# = text_fusion.refiner_blocks.#]
      attn.wq = attn.to_q
      attn.wk = attn.to_k
      attn.wv = attn.to_v
      attn.wo = attn.to_out.0
      attn.gate = attn.to_gate
      attn.qknorm.qnorm = attn.norm_q
      attn.qknorm.knorm = attn.norm_k
      mlp.gate = ff.gate
      mlp.up = ff.up
      mlp.down = ff.down
      prenorm = norm1
      postnorm = norm2
      []
      first = img_in
      last.linear = final_layer.linear
      last.norm = final_layer.norm
      last.modulation.lin = final_layer.scale_shift_table
      tmlp.0 = time_embed.linear_1
      tmlp.2 = time_embed.linear_2 : 1 1
      tproj.1 = time_mod_proj : 6 1
      txtmlp.0 = txt_in.norm
      txtmlp.1 = txt_in.linear_1
      txtmlp.3 = txt_in.linear_2 : 1 1
      txtfusion.projector = text_fusion.projector
      """)
}
