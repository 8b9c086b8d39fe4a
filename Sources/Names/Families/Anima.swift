extension Family {
  /// Anima: Cosmos Predict2 (2B) with a text adapter before it.
  ///
  /// diffusers keeps the text adapter in its own component, `text_conditioner`.
  ///
  /// Sources: diffusers, `lora_conversion_utils.py`,
  /// `_convert_non_diffusers_anima_lora_to_diffusers`, and `convert_anima_to_diffusers.py`;
  /// sd-scripts, `networks/lora_anima.py`; ComfyUI, `comfy/ldm/cosmos/predict2.py`.
  static let anima = Family(
    .anima, widths: [2048], depths: ["blocks": [28], "transformer_blocks": [28]],
    trainers: ["sd-scripts"], ownComponents: ["text_conditioner"],
    encoders: [.languageModel("qwen3_06b", diffusersRoot: "")],
    layers: """
      \(predict2Blocks)
      [llm_adapter.blocks.# = text_conditioner.blocks.#]
      self_attn.q_proj : 0.5 0.5
      self_attn.k_proj : 0.5 0.5
      self_attn.v_proj : 0.5 0.5
      self_attn.o_proj : 0.5 0.5
      cross_attn.q_proj : 0.5 0.5
      cross_attn.k_proj : 0.5 0.5
      cross_attn.v_proj : 0.5 0.5
      cross_attn.o_proj : 0.5 0.5
      self_attn.q_norm
      self_attn.k_norm
      cross_attn.q_norm
      cross_attn.k_norm
      norm_self_attn
      norm_cross_attn
      norm_mlp
      mlp.0 : 2 0.5
      mlp.2 : 0.5 2
      [llm_adapter = text_conditioner]
      embed
      in_proj
      out_proj : 0.5 0.5
      norm
      []
      \(predict2Ends)
      """)
}
