import Testing

@testable import Names

@Suite struct TargetTests {
  /// Modules of several namings, and the layer that all of them mean.
  @Test(arguments: [
    (
      "down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q", Target.Network.denoiser,
      [
        "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q",
        "lora_unet_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q",
        "lora_unet_input_blocks_1_1_transformer_blocks_0_attn1_to_q",
        "diffusion_model.input_blocks.1.1.transformer_blocks.0.attn1.to_q",
        "unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.processor.to_q",
        "base_model.model.unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q",
        "lycoris_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q", "unet:0",
        "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q_",
        "lora_unet_input_blocks_1_1_transformer_blocks_0_attn1_to_q__",
      ]
    ),
    (
      "up_blocks.2.attentions.1.transformer_blocks.0.attn2.to_out.0", .denoiser,
      [
        "up_blocks.2.attentions.1.transformer_blocks.0.attn2.processor.to_out",
        "lora_unet_output_blocks_7_1_transformer_blocks_0_attn2_to_out_0", "unet:98",
      ]
    ),
    (
      "text_model.encoder.layers.3.self_attn.q_proj", .textEncoder(1),
      [
        "lora_te_text_model_encoder_layers_3_self_attn_q_proj",
        "lora_te1_text_model_encoder_layers_3_self_attn_q_proj",
        "text_encoder.text_model.encoder.layers.3.self_attn.q_proj",
        "text_encoder.text_model.encoder.layers.3.self_attn.to_q",
        "text_encoders.clip_l.transformer.text_model.encoder.layers.3.self_attn.q_proj",
        "base_model.model.text_model.encoder.layers.3.self_attn.q_proj", "text_encoder:14",
      ]
    ),
    (
      "encoder.block.16.layer.1.DenseReluDense.wi_1", .textEncoder(3),
      [
        "lora_te2_encoder_block_16_layer_1_DenseReluDense_wi_1",
        "lora_te3_encoder_block_16_layer_1_DenseReluDense_wi_1",
        "text_encoder_2.encoder.block.16.layer.1.DenseReluDense.wi_1",
        "text_encoders.t5xxl.transformer.encoder.block.16.layer.1.DenseReluDense.wi_1",
      ]
    ),
    (
      "double_blocks.3.txt_attn.qkv", .denoiser,
      [
        "diffusion_model.double_blocks.3.txt_attn.qkv",
        "double_blocks.3.processor.qkv_lora2", "double_blocks.3.txt_attn.qkv",
      ]
    ),
    (
      "blocks.7.cross_attn.k_img", .denoiser,
      [
        "lora_unet_blocks_7_cross_attn_k_img", "lora_unet__blocks_7_cross_attn_k_img",
        "diffusion_model.blocks.7.cross_attn.k_img", "blocks.7.cross_attn.k_img",
      ]
    ),
    (
      "single_blocks.3.linear2", .denoiser,
      ["lora_unet_single_blocks_3_linear2", "single_blocks.3.processor.proj"]
    ),
    ("transformer.h.3.attn.c_attn", .denoiser, ["base_model.model.transformer.h.3.attn.c_attn"]),
    ("classifier", .denoiser, ["base_model.model.classifier.modules_to_save.default"]),
    (
      "model.layers.0.self_attn.q_proj", .textEncoder(4),
      ["text_encoders.qwen3_4b.transformer.model.layers.0.self_attn.q_proj"]
    ),
  ])
  func namingsAgree(path: String, network: Target.Network, names: [String]) {
    for name in names {
      let target = Target.parse(name).target
      #expect(target.network == network, "\(name)")
      #expect(target.path == path, "\(name)")
      #expect(target.key == path.map { $0 == "." ? "_" : String($0) }.joined(), "\(name)")
    }
  }

  /// A prefix and what follows it are the whole name.
  @Test(arguments: [
    ("lora_unet__blocks_0_ffn_0", "lora_unet__"), ("diffusion_model.a.b", "diffusion_model."),
    ("transformer.transformer_blocks.0.attn.to_q", "transformer."), ("transformer.h.0.mlp", ""),
    ("text_encoders.llama.transformer.model.x", "text_encoders.llama.transformer."),
    ("lora_te3_encoder_block_0", "lora_te3_"), ("blocks.0.attn.wq", ""),
  ])
  func prefixesAreTold(name: String, prefix: String) {
    #expect(Target.parse(name).prefix == prefix)
  }

  /// Flattened names whose words hold underscores, and the paths that they were.
  @Test(arguments: [
    "joint_blocks.0.x_block.attn.qkv", "joint_blocks.0.context_block.adaLN_modulation.1",
    "transformer_blocks.0.attn.to_add_out", "transformer_blocks.0.txt_mlp.net.2",
    "transformer_blocks.0.norm1_context.linear", "transformer_blocks.0.ff_context.net.0.proj",
    "layers.0.adaLN_modulation.0", "noise_refiner.0.feed_forward.w1",
    "blocks.0.adaln_modulation_cross_attn.1", "llm_adapter.blocks.0.self_attn.o_proj",
    "time_text_embed.guidance_embedder.linear_1", "single_blocks.0.modulation.lin",
    "up_blocks.0.resnets.0.time_emb_proj", "final_layer.adaLN_modulation.1",
    "text_model.encoder.layers.0.mlp.fc1", "mid_block.attentions.0.proj_in",
  ])
  func dotsAreFound(path: String) {
    let flat = path.map { $0 == "." ? "_" : String($0) }.joined()
    #expect(DottedPath.path(of: flat) == path)
  }

  /// The numbers of cloneofsimo's files, by the order that three real files have.
  @Test func orderIsThatOfTheClasses() {
    #expect(
      Target.parse("unet:143").target.path
        == "mid_block.attentions.0.transformer_blocks.0.attn2.to_out.0")
    #expect(
      Target.parse("unet:4").target.path
        == "down_blocks.0.attentions.0.transformer_blocks.0.ff.net.0.proj")
    #expect(
      Target.parse("text_encoder:47").target.path
        == "text_model.encoder.layers.11.self_attn.out_proj")
    #expect(Target.parse("unet:144").target.key == "unet:144")
    #expect(Target.parse("unet:-1").target.key == "unet:-1")
  }
}
