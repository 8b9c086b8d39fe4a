import Testing

@testable import Names

/// Names that published converters give, written out.
///
/// Sources: diffusers 0.42, `loaders/lora_conversion_utils.py` and `scripts/convert_*`; ComfyUI,
/// `comfy/utils.py` and `comfy/lora.py`; sd-scripts and musubi-tuner.
@Suite struct FamilyNamesTests {
  /// A layer of the original, and diffusers' with the shares of its rows.
  struct Row: CustomTestStringConvertible {
    let model: BaseModel
    let original: String
    let diffusers: [String]
    var shares: [Int]

    init(_ model: BaseModel, _ original: String, _ diffusers: String..., shares: [Int]? = nil) {
      self.model = model
      self.original = original
      self.diffusers = diffusers
      self.shares = shares ?? diffusers.map { _ in 1 }
    }

    var testDescription: String { "\(model.rawValue) \(original)" }
  }

  static let rows = [
    Row(.wan, "blocks.7.self_attn.o", "blocks.7.attn1.to_out.0"),
    Row(.wan, "blocks.7.cross_attn.k_img", "blocks.7.attn2.add_k_proj"),
    Row(.wan, "blocks.39.ffn.2", "blocks.39.ffn.net.2"),
    Row(.wan, "time_projection.1", "condition_embedder.time_proj"),
    Row(.wan, "vace_blocks.3.after_proj", "vace_blocks.3.proj_out"),
    Row(.wan, "head.head", "proj_out"),
    Row(
      .zImage, "noise_refiner.1.attention.qkv", "noise_refiner.1.attention.to_q",
      "noise_refiner.1.attention.to_k", "noise_refiner.1.attention.to_v"),
    Row(.zImage, "x_embedder", "all_x_embedder.2-1"),
    Row(.flux2, "single_blocks.47.linear1", "single_transformer_blocks.47.attn.to_qkv_mlp_proj"),
    Row(.flux2, "double_blocks.0.txt_mlp.2", "transformer_blocks.0.ff_context.linear_out"),
    Row(.flux2, "double_stream_modulation_img.lin", "double_stream_modulation_img.linear"),
    Row(
      .flux1, "single_blocks.37.linear1", "single_transformer_blocks.37.attn.to_q",
      "single_transformer_blocks.37.attn.to_k", "single_transformer_blocks.37.attn.to_v",
      "single_transformer_blocks.37.proj_mlp", shares: [1, 1, 1, 4]),
    Row(.flux1, "single_blocks.3.modulation.lin", "single_transformer_blocks.3.norm.linear"),
    Row(
      .chroma, "distilled_guidance_layer.layers.0.in_layer",
      "distilled_guidance_layer.layers.0.linear_1"),
    Row(
      .lumina2, "layers.5.attention.qkv", "layers.5.attn.to_q", "layers.5.attn.to_k",
      "layers.5.attn.to_v", shares: [3, 1, 1]),
    Row(.lumina2, "context_refiner.1.feed_forward.w3", "context_refiner.1.feed_forward.linear_3"),
    Row(.lumina2, "layers.0.adaLN_modulation.1", "layers.0.norm1.linear"),
    Row(
      .sd3, "joint_blocks.3.context_block.attn.qkv", "transformer_blocks.3.attn.add_q_proj",
      "transformer_blocks.3.attn.add_k_proj", "transformer_blocks.3.attn.add_v_proj"),
    Row(.sd3, "joint_blocks.0.x_block.attn2.proj", "transformer_blocks.0.attn2.to_out.0"),
    Row(
      .hunyuanVideo, "double_blocks.19.img_attn_qkv", "transformer_blocks.19.attn.to_q",
      "transformer_blocks.19.attn.to_k", "transformer_blocks.19.attn.to_v"),
    Row(.hunyuanVideo, "double_blocks.0.txt_mlp.fc1", "transformer_blocks.0.ff_context.net.0.proj"),
    Row(.anima, "blocks.0.adaln_modulation_mlp.2", "transformer_blocks.0.norm3.linear_2"),
    Row(.anima, "blocks.27.cross_attn.output_proj", "transformer_blocks.27.attn2.to_out.0"),
    Row(.anima, "llm_adapter.blocks.0.mlp.2", "text_conditioner.blocks.0.mlp.2"),
    Row(.ltx, "adaln_single.linear", "time_embed.linear"),
    Row(.ltx, "audio_patchify_proj", "audio_proj_in"),
    Row(
      .ltx, "av_ca_v2a_gate_adaln_single.linear", "av_cross_attn_audio_v2a_gate.linear"),
    Row(.krea2, "blocks.0.attn.gate", "transformer_blocks.0.attn.to_gate"),
    Row(
      .krea2, "txtfusion.refiner_blocks.1.mlp.down", "text_fusion.refiner_blocks.1.ff.down"),
    Row(
      .hidream, "double_stream_blocks.0.block.ff_i.experts.3.w1",
      "double_stream_blocks.0.block.ff_i.experts.3.w1"),
    Row(
      .pixart, "blocks.0.cross_attn.kv_linear", "transformer_blocks.0.attn2.to_k",
      "transformer_blocks.0.attn2.to_v"),
    Row(.auraflow, "double_layers.0.attn.w1q", "joint_transformer_blocks.0.attn.add_q_proj"),
    Row(.qwenImage, "transformer_blocks.59.txt_mod.1", "transformer_blocks.59.txt_mod.1"),
  ]

  @Test(arguments: FamilyNamesTests.rows)
  func namesAreThoseOfTheConverters(row: Row) throws {
    let family = try #require(Family.of(row.model))
    let target = Target(network: .denoiser, key: flattened(row.original), path: row.original)
    let count = row.shares.reduce(0, +)
    let places = try #require(family.places(of: target, in: .diffusers))
    #expect(places.map(\.target.path) == row.diffusers)
    var start = 0
    for (place, share) in zip(places, row.shares) where row.shares.count > 1 {
      let moves = place.moves(ofOwn: 2 * count, inputs: nil)
      #expect(moves.map(\.own) == [2 * start..<2 * (start + share)] && moves[0].theirs == 0)
      start += share
    }
    for path in row.diffusers {
      let target = Target(network: .denoiser, key: flattened(path), path: path)
      #expect(family.places(of: target, in: .original)?.map(\.target.path) == [row.original])
    }
  }

  /// Text encoders' layers: in ComfyUI, in diffusers, in sd-scripts.
  @Test(arguments: [
    (
      BaseModel.sd2, "text_model.encoder.layers.0.mlp.fc1",
      "text_encoders.clip_h.transformer.text_model.encoder.layers.0.mlp.fc1",
      "text_encoder.text_model.encoder.layers.0.mlp.fc1",
      "lora_te_text_model_encoder_layers_0_mlp_fc1"
    ),
    (
      .refiner, "text_model.encoder.layers.0.mlp.fc1",
      "text_encoders.clip_g.transformer.text_model.encoder.layers.0.mlp.fc1",
      "text_encoder_2.text_model.encoder.layers.0.mlp.fc1",
      "lora_te_text_model_encoder_layers_0_mlp_fc1"
    ),
    (
      .lumina2, "layers.0.self_attn.q_proj",
      "text_encoders.gemma2_2b.transformer.model.layers.0.self_attn.q_proj",
      "text_encoder.layers.0.self_attn.q_proj", "lora_te_layers_0_self_attn_q_proj"
    ),
    (
      .zImage, "layers.0.self_attn.q_proj",
      "text_encoders.qwen3_4b.transformer.model.layers.0.self_attn.q_proj",
      "text_encoder.model.layers.0.self_attn.q_proj", "lora_te_layers_0_self_attn_q_proj"
    ),
    (
      .flux1, "encoder.block.0.layer.1.DenseReluDense.wi_0",
      "text_encoders.t5xxl.transformer.encoder.block.0.layer.1.DenseReluDense.wi_0",
      "text_encoder_2.encoder.block.0.layer.1.DenseReluDense.wi_0",
      "lora_te3_encoder_block_0_layer_1_DenseReluDense_wi_0"
    ),
  ])
  func encodersHaveTheirNames(
    model: BaseModel, path: String, comfy: String, diffusers: String, kohya: String
  ) {
    for name in [comfy, diffusers, kohya] {
      let target = Target.parse(name).target.resolved(in: model)
      #expect(target.path == path, "\(name)")
      #expect(target.comfyName(in: model) == comfy)
      #expect(target.diffusersName(in: model) == diffusers)
      #expect(target.kohyaName(in: model) == kohya)
    }
  }

  /// One word is a path where dots would stand, and a flattened name that no table has stays.
  @Test func dotsAreNotGuessed() {
    #expect(Target.parse("diffusion_model.patch_embedding").target.path == "patch_embedding")
    #expect(Target.parse("base_model.model.qa_outputs").target.path == "qa_outputs")
    let flat = Target.parse("lora_unet_double_blocks_3_txt_attn_qkv").target
    #expect(flat.path == nil)
    #expect(flat.resolved(in: .flux1).path == "double_blocks.3.txt_attn.qkv")
    #expect(flat.resolved(in: .hunyuanVideo).path == "double_blocks.3.txt_attn_qkv")
    #expect(Target.parse("lora_unet_some_new_layer_0_of_ours").target.path == nil)
    #expect(
      Target.parse("lora_unet_down_blocks_0_attentions_0_transformer_blocks.0.attn2.to_k").target
        .path == "down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k")
  }
}
