extension Family {
  /// Chroma: Flux.1 with one network that computes all modulation.
  ///
  /// Sources: diffusers, `convert_chroma_transformer_checkpoint_to_diffusers`; ComfyUI,
  /// `comfy/ldm/chroma/model.py`; sd-scripts, `library/chroma_models.py`.
  static let chroma = Family(
    .chroma, widths: [3072],
    depths: [
      "double_blocks": [19], "single_blocks": [38], "transformer_blocks": [19],
      "single_transformer_blocks": [38],
    ], trainers: ["sd-scripts"], comfyReadsDiffusers: true,
    encoders: [.t5("t5xxl", diffusers: "text_encoder", trainer: "lora_te1", oneTrainer: "lora_te")],
    layers: """
      [double_blocks.# = transformer_blocks.#]
      img_attn.qkv = attn.to_q | attn.to_k | attn.to_v : 3 1
      img_attn.proj = attn.to_out.0 : 1 1
      img_attn.norm.query_norm = attn.norm_q
      img_attn.norm.key_norm = attn.norm_k
      img_mlp.0 = ff.net.0.proj : 4 1
      img_mlp.2 = ff.net.2 : 1 4
      txt_attn.qkv = attn.add_q_proj | attn.add_k_proj | attn.add_v_proj : 3 1
      txt_attn.proj = attn.to_add_out : 1 1
      txt_attn.norm.query_norm = attn.norm_added_q
      txt_attn.norm.key_norm = attn.norm_added_k
      txt_mlp.0 = ff_context.net.0.proj : 4 1
      txt_mlp.2 = ff_context.net.2 : 1 4
      [single_blocks.# = single_transformer_blocks.#]
      linear1 = attn.to_q | attn.to_k | attn.to_v | 4*proj_mlp : 7 1
      linear2 = proj_out : 1 5
      norm.query_norm = attn.norm_q
      norm.key_norm = attn.norm_k
      [distilled_guidance_layer.layers.#]
      in_layer = linear_1
      out_layer = linear_2
      []
      img_in = x_embedder
      txt_in = context_embedder
      final_layer.linear = proj_out
      distilled_guidance_layer.in_proj
      distilled_guidance_layer.out_proj
      distilled_guidance_layer.norms.#
      """)
}
