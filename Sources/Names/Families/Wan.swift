extension Family {
  /// Wan 2.1 and 2.2: T2V, I2V, VACE, Animate.
  ///
  /// Sources: diffusers, `convert_wan_to_diffusers.py` and `lora_conversion_utils.py`; musubi-tuner,
  /// `wan`; ComfyUI, `comfy/ldm/wan/model.py`.
  static let wan = Family(
    .wan, widths: [1536, 2048, 3072, 5120], depths: ["blocks": [30, 40]],
    encoders: [.t5("umt5xxl", diffusers: "text_encoder", trainer: "lora_te")],
    layers: """
      [blocks.#, vace_blocks.#]
      self_attn.q = attn1.to_q : 1 1
      self_attn.k = attn1.to_k : 1 1
      self_attn.v = attn1.to_v : 1 1
      self_attn.o = attn1.to_out.0 : 1 1
      cross_attn.q = attn2.to_q : 1 1
      cross_attn.k = attn2.to_k : 1 1
      cross_attn.v = attn2.to_v : 1 1
      cross_attn.o = attn2.to_out.0 : 1 1
      cross_attn.k_img = attn2.add_k_proj : 1 1
      cross_attn.v_img = attn2.add_v_proj : 1 1
      ffn.0 = ffn.net.0.proj
      ffn.2 = ffn.net.2
      self_attn.norm_q = attn1.norm_q
      self_attn.norm_k = attn1.norm_k
      cross_attn.norm_q = attn2.norm_q
      cross_attn.norm_k = attn2.norm_k
      cross_attn.norm_k_img = attn2.norm_added_k
      norm3 = norm2
      modulation = scale_shift_table
      [vace_blocks.#]
      before_proj = proj_in : 1 1
      after_proj = proj_out : 1 1
      []
      patch_embedding
      vace_patch_embedding
      pose_patch_embedding
      text_embedding.0 = condition_embedder.text_embedder.linear_1
      text_embedding.2 = condition_embedder.text_embedder.linear_2 : 1 1
      time_embedding.0 = condition_embedder.time_embedder.linear_1
      time_embedding.2 = condition_embedder.time_embedder.linear_2 : 1 1
      time_projection.1 = condition_embedder.time_proj : 6 1
      img_emb.proj.0 = condition_embedder.image_embedder.norm1
      img_emb.proj.1 = condition_embedder.image_embedder.ff.net.0.proj
      img_emb.proj.3 = condition_embedder.image_embedder.ff.net.2
      img_emb.proj.4 = condition_embedder.image_embedder.norm2
      head.head = proj_out
      head.modulation = scale_shift_table
      ref_conv = -
      control_adapter.conv = -
      casual_audio_encoder.encoder.conv1_local.conv = -
      casual_audio_encoder.encoder.conv2.conv = -
      casual_audio_encoder.encoder.conv3.conv = -
      casual_audio_encoder.encoder.conv1_global.conv = -
      casual_audio_encoder.encoder.final_linear = -
      cond_encoder = -
      trainable_cond_mask = -
      frame_packer.proj = -
      frame_packer.proj_2x = -
      frame_packer.proj_4x = -
      audio_injector.injector_adain_layers.#.linear = -
      motion_encoder.enc.fc.# = motion_encoder.motion_network.#
      motion_encoder.enc.net_app.convs.8 = motion_encoder.conv_out
      face_encoder.conv1_local.conv = face_encoder.conv1_local
      face_encoder.conv2.conv = face_encoder.conv2
      face_encoder.conv3.conv = face_encoder.conv3
      face_encoder.out_proj
      [audio_injector.injector.#]
      q = - : 1 1
      k = -
      v = -
      o = - : 1 1
      norm_q = -
      norm_k = -
      [face_adapter.fuser_blocks.# = face_adapter.#]
      linear1_q = to_q : 1 1
      linear1_kv = to_k | to_v : 2 1
      linear2 = to_out : 1 1
      q_norm = norm_q
      k_norm = norm_k
      """)
}
