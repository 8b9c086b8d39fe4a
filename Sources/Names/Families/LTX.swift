extension Family {
  /// LTX-Video, LTX-2 and LTX-2.3.
  ///
  /// Sources: diffusers, `convert_ltx_transformer_checkpoint_to_diffusers` and
  /// `_convert_non_diffusers_ltx2_lora_to_diffusers`; ComfyUI, `comfy/ldm/lightricks`.
  static let ltx = Family(
    .ltx, widths: [2048, 4096], depths: ["transformer_blocks": [28, 48]], trainers: [],
    encoders: [
      .t5("t5xxl", diffusers: "text_encoder", trainer: "lora_te1"),
      .languageModel("gemma3_12b", number: 4, diffusersRoot: "model.language_model."),
    ],
    layers: """
      [transformer_blocks.#]
      scale_shift_table
      ff.net.0.proj : 4 1
      ff.net.2 : 1 4
      attn1.to_q : 1 1
      attn1.to_k : 1 1
      attn1.to_v : 1 1
      attn1.to_out.0 : 1 1
      attn1.q_norm = attn1.norm_q
      attn1.k_norm = attn1.norm_k
      attn2.to_q : 1 1
      attn2.to_k : 1 1
      attn2.to_v : 1 1
      attn2.to_out.0 : 1 1
      attn2.q_norm = attn2.norm_q
      attn2.k_norm = attn2.norm_k
      audio_scale_shift_table
      scale_shift_table_a2v_ca_video = video_a2v_cross_attn_scale_shift_table
      scale_shift_table_a2v_ca_audio = audio_a2v_cross_attn_scale_shift_table
      audio_ff.net.0.proj : 2 0.5
      audio_ff.net.2 : 0.5 2
      audio_attn1.to_q : 0.5 0.5
      audio_attn1.to_k : 0.5 0.5
      audio_attn1.to_v : 0.5 0.5
      audio_attn1.to_out.0 : 0.5 0.5
      audio_attn1.q_norm = audio_attn1.norm_q
      audio_attn1.k_norm = audio_attn1.norm_k
      audio_attn2.to_q : 0.5 0.5
      audio_attn2.to_k : 0.5 0.5
      audio_attn2.to_v : 0.5 0.5
      audio_attn2.to_out.0 : 0.5 0.5
      audio_attn2.q_norm = audio_attn2.norm_q
      audio_attn2.k_norm = audio_attn2.norm_k
      audio_to_video_attn.to_q : 0.5 1
      audio_to_video_attn.to_k : 0.5 0.5
      audio_to_video_attn.to_v : 0.5 0.5
      audio_to_video_attn.to_out.0 : 1 0.5
      audio_to_video_attn.q_norm = audio_to_video_attn.norm_q
      audio_to_video_attn.k_norm = audio_to_video_attn.norm_k
      video_to_audio_attn.to_q : 0.5 0.5
      video_to_audio_attn.to_k : 0.5 1
      video_to_audio_attn.to_v : 0.5 1
      video_to_audio_attn.to_out.0 : 0.5 0.5
      video_to_audio_attn.q_norm = video_to_audio_attn.norm_q
      video_to_audio_attn.k_norm = video_to_audio_attn.norm_k
      attn1.to_gate_logits
      attn2.to_gate_logits
      audio_attn1.to_gate_logits
      audio_attn2.to_gate_logits
      audio_to_video_attn.to_gate_logits
      video_to_audio_attn.to_gate_logits
      prompt_scale_shift_table
      audio_prompt_scale_shift_table
      []
      patchify_proj = proj_in
      caption_projection.linear_1
      caption_projection.linear_2 : 1 1
      proj_out
      scale_shift_table
      adaln_single.emb.timestep_embedder.linear_1 = time_embed.emb.timestep_embedder.linear_1
      adaln_single.emb.timestep_embedder.linear_2 = time_embed.emb.timestep_embedder.linear_2 : 1 1
      adaln_single.linear = time_embed.linear
      audio_patchify_proj = audio_proj_in
      audio_caption_projection.linear_1
      audio_caption_projection.linear_2 : 0.5 0.5
      audio_proj_out
      audio_scale_shift_table
      audio_adaln_single.emb.timestep_embedder.linear_1 = audio_time_embed.emb.timestep_embedder.linear_1
      audio_adaln_single.emb.timestep_embedder.linear_2 = audio_time_embed.emb.timestep_embedder.linear_2 : 0.5 0.5
      audio_adaln_single.linear = audio_time_embed.linear
      av_ca_video_scale_shift_adaln_single.emb.timestep_embedder.linear_1 = av_cross_attn_video_scale_shift.emb.timestep_embedder.linear_1
      av_ca_video_scale_shift_adaln_single.emb.timestep_embedder.linear_2 = av_cross_attn_video_scale_shift.emb.timestep_embedder.linear_2 : 1 1
      av_ca_video_scale_shift_adaln_single.linear = av_cross_attn_video_scale_shift.linear : 4 1
      av_ca_audio_scale_shift_adaln_single.emb.timestep_embedder.linear_1 = av_cross_attn_audio_scale_shift.emb.timestep_embedder.linear_1
      av_ca_audio_scale_shift_adaln_single.emb.timestep_embedder.linear_2 = av_cross_attn_audio_scale_shift.emb.timestep_embedder.linear_2 : 0.5 0.5
      av_ca_audio_scale_shift_adaln_single.linear = av_cross_attn_audio_scale_shift.linear : 2 0.5
      av_ca_a2v_gate_adaln_single.emb.timestep_embedder.linear_1 = av_cross_attn_video_a2v_gate.emb.timestep_embedder.linear_1
      av_ca_a2v_gate_adaln_single.emb.timestep_embedder.linear_2 = av_cross_attn_video_a2v_gate.emb.timestep_embedder.linear_2 : 1 1
      av_ca_a2v_gate_adaln_single.linear = av_cross_attn_video_a2v_gate.linear : 1 1
      av_ca_v2a_gate_adaln_single.emb.timestep_embedder.linear_1 = av_cross_attn_audio_v2a_gate.emb.timestep_embedder.linear_1
      av_ca_v2a_gate_adaln_single.emb.timestep_embedder.linear_2 = av_cross_attn_audio_v2a_gate.emb.timestep_embedder.linear_2 : 0.5 0.5
      av_ca_v2a_gate_adaln_single.linear = av_cross_attn_audio_v2a_gate.linear : 0.5 0.5
      prompt_adaln_single.emb.timestep_embedder.linear_1 = prompt_adaln.emb.timestep_embedder.linear_1
      prompt_adaln_single.emb.timestep_embedder.linear_2 = prompt_adaln.emb.timestep_embedder.linear_2 : 1 1
      prompt_adaln_single.linear = prompt_adaln.linear : 2 1
      audio_prompt_adaln_single.emb.timestep_embedder.linear_1 = audio_prompt_adaln.emb.timestep_embedder.linear_1
      audio_prompt_adaln_single.emb.timestep_embedder.linear_2 = audio_prompt_adaln.emb.timestep_embedder.linear_2 : 0.5 0.5
      audio_prompt_adaln_single.linear = audio_prompt_adaln.linear : 1 0.5
      """)
}
