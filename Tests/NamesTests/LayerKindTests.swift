import Names
import Testing

@Suite struct LayerKindTests {
  /// Names of layers as their files spell them, and what each is.
  static let layers: [(kinds: Set<LayerKind>, names: [String])] = [
    (
      [.denoiser, .attention, .crossAttention],
      [
        "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k",
        "diffusion_model.blocks.7.cross_attn.k_img", "transformer.blocks.0.attn2.to_out.0",
      ]
    ),
    (
      [.denoiser, .attention, .selfAttention],
      [
        "lora_unet_mid_block_attentions_0_transformer_blocks_0_attn1_to_out_0",
        "diffusion_model.blocks.7.self_attn.q", "base_model.model.model.layers.3.self_attn.q_proj",
      ]
    ),
    (
      [.denoiser, .attention],
      [
        "lora_unet_double_blocks_5_img_attn_qkv",
        "transformer.transformer_blocks.0.attn.add_k_proj",
        "diffusion_model.layers.3.attention.to_q", "lora_unet_joint_blocks_1_x_block_attn_proj",
        "double_blocks.2.processor.qkv_lora1",
      ]
    ),
    (
      [.denoiser, .attention, .feedForward],
      [
        "lora_unet_single_blocks_5_linear1", "lora_unet_single_blocks_5_linear2",
        "transformer.single_transformer_blocks.3.proj_out",
        "transformer.single_transformer_blocks.3.attn.to_qkv_mlp_proj",
      ]
    ),
    (
      [.denoiser, .feedForward],
      [
        "lora_unet_up_blocks_1_attentions_0_transformer_blocks_0_ff_net_0_proj",
        "diffusion_model.blocks.3.ffn.2", "lora_unet_double_blocks_5_txt_mlp_2",
        "transformer.single_transformer_blocks.3.proj_mlp",
        "diffusion_model.layers.1.feed_forward.w1",
        "base_model.model.model.layers.3.mlp.gate_proj",
        "transformer.transformer_blocks.1.ff_context.net.2",
      ]
    ),
    (
      [.denoiser, .norm],
      [
        "lora_unet_down_blocks_0_resnets_0_norm1", "diffusion_model.blocks.7.cross_attn.norm_k",
        "diffusion_model.double_blocks.1.img_attn.norm.query_norm",
        "lora_unet_conv_norm_out",
      ]
    ),
    (
      [.denoiser, .modulation],
      [
        "lora_unet_double_blocks_5_img_mod_lin", "lora_unet_single_blocks_5_modulation_lin",
        "transformer.transformer_blocks.0.norm1_context.linear", "transformer.norm_out.linear",
        "lora_unet_blocks_0_adaln_modulation_cross_attn_1",
      ]
    ),
    (
      [.denoiser, .embedding],
      [
        "lora_unet_time_embedding_linear_1", "lora_unet_down_blocks_0_resnets_0_time_emb_proj",
        "lora_unet_txt_in", "diffusion_model.patch_embedding", "lora_unet_vector_in_in_layer",
        "transformer.context_embedder", "diffusion_model.t_embedder.mlp.0",
      ]
    ),
    (
      [.denoiser, .convolution],
      [
        "lora_unet_down_blocks_1_resnets_0_conv1", "lora_unet_conv_in",
        "lora_unet_up_blocks_1_upsamplers_0_conv",
        "lora_unet_down_blocks_1_resnets_0_conv_shortcut",
        "lora_unet_input_blocks_4_0_skip_connection",
      ]
    ),
    (
      [.denoiser, .projection],
      ["lora_unet_down_blocks_0_attentions_0_proj_in", "lora_unet_final_layer_linear"]
    ),
    (
      [.textEncoder, .attention, .selfAttention],
      [
        "lora_te_text_model_encoder_layers_0_self_attn_q_proj",
        "text_encoder_2.text_model.encoder.layers.3.self_attn.out_proj",
        "lora_te3_encoder_block_0_layer_0_SelfAttention_q",
      ]
    ),
    (
      [.textEncoder, .feedForward],
      [
        "lora_te1_text_model_encoder_layers_0_mlp_fc1",
        "lora_te3_encoder_block_0_layer_1_DenseReluDense_wi_0",
      ]
    ),
    ([.denoiser], ["diffusion_model.something.of.2031"]),
  ]

  @Test(arguments: layers)
  func layersAreOfTheirKinds(_ known: (kinds: Set<LayerKind>, names: [String])) {
    for name in known.names {
      #expect(LayerKind.kinds(of: Target.parse(name).target) == known.kinds, "\(name)")
    }
  }
}
