extension Family {
  /// Stable Cascade's stage C.
  ///
  /// Its checkpoints have q, k and v in one tensor, `in_proj_weight`; ComfyUI splits it when it
  /// loads. Adapters' names begin with `lora_prior_unet_`.
  ///
  /// Sources: diffusers, `convert_stable_cascade_unet_single_file_to_diffusers`; ComfyUI,
  /// `comfy/ldm/cascade/stage_c.py` and `comfy/lora.py`; OneTrainer, `WuerstchenModel.py`.
  static let cascade = Family(
    .cascade, widths: [1536, 2048], trainers: [],
    trainerPrefix: "lora_prior_unet_", component: "prior",
    encoders: [
      .clip("clip_g", number: 2, diffusers: "text_encoder", trainer: "lora_prior_te")
    ],
    layers: """
      [down_blocks.#.#, up_blocks.#.#]
      attention.attn.to_q | attention.attn.to_k | attention.attn.to_v = attention.to_q | attention.to_k | attention.to_v : 3 1 ; also attention.attn.in_proj ; also attention.attn.in_proj.0@0-0 ; also attention.attn.in_proj.1@1-1 ; also attention.attn.in_proj.2@2-2
      attention.attn.out_proj = attention.to_out.0 : 1 1
      kv_mapper.1
      depthwise
      channelwise.0
      channelwise.4 : 1 4
      mapper
      mapper_sca
      mapper_crp
      []
      clip_txt_mapper
      clip_txt_pooled_mapper
      clip_img_mapper
      embedding.1
      down_downscalers.#.1.blocks.0
      up_upscalers.#.1.blocks.1
      clf.1
      """)
}
