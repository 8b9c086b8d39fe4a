import Testing

@testable import Adapters

@Suite struct PartNameTests {
  @Test(arguments: [
    ("lora_unet_a_to_k.lora_up.weight", "lora_unet_a_to_k", Part.up, Spelling.kohya),
    ("lora_unet_a_to_k.lora_down.weight", "lora_unet_a_to_k", .down, .kohya),
    ("lora_unet_a.lora_mid.weight", "lora_unet_a", .mid, .kohya),
    ("lora_unet_unet_a_to_k_lora_down.weight", "lora_unet_unet_a_to_k", .down, .kohyaJoined),
    ("base_model.model.x.q.lora_A.weight", "base_model.model.x.q", .down, .peft),
    ("base_model.model.x.q.lora_B.default.weight", "base_model.model.x.q", .up, .peft),
    ("x.q.lora_magnitude_vector", "x.q", .magnitude, .peft),
    ("x.q.lora_magnitude_vector.style.weight", "x.q", .magnitude, .peft),
    ("x.embed.lora_embedding_A.default", "x.embed", .down, .peft),
    ("x.q.hada_w1_a.default", "x.q", .hadamard1A, .common),
    ("roberta.value.lora_A", "roberta.value", .down, .loralib),
    ("model.layers.0.q_proj.lora_a", "model.layers.0.q_proj", .down, .mlx),
    ("unet.a.to_k.lora.down.weight", "unet.a.to_k", .down, .diffusers),
    ("text_encoder.q_proj.lora_linear_layer.up.weight", "text_encoder.q_proj", .up, .diffusers),
    (
      "a.attn1.processor.to_q_lora.down.weight", "a.attn1.processor.to_q", .down,
      .attentionProcessor
    ),
    (
      "double_blocks.0.processor.qkv_lora2.up.weight", "double_blocks.0.processor.qkv_lora2", .up,
      .xlabs
    ),
    ("unet:12:down", "unet:12", .down, .cloneofsimo),
    ("a.alpha", "a", .alpha, .common),
    ("a.diff_b", "a", .biasDifference, .common),
    ("blocks.3.diff_m", "blocks.3.modulation", .weightDifference, .common),
    ("single_blocks.0.norm.key_norm.scale", "single_blocks.0.norm.key_norm", .weight, .common),
    ("oft_unet_a.oft_blocks", "oft_unet_a", .orthogonalBlocks, .common),
  ])
  func partsAreTold(name: String, module: String, part: Part, spelling: Spelling) {
    let parsed = PartName(name)
    #expect(parsed?.module == module)
    #expect(parsed?.part == part)
    #expect(parsed?.spelling == spelling)
  }

  /// Weights of checkpoints, embeddings, and ends that only look like a part's.
  @Test(arguments: [
    "", ".", "lora_A", "alpha", "emb_params", "<s1>", "conv_in.weight", "conv_in.bias",
    "model.layers.0.m.weight", "a.lora_A.weight.more.words", "x.lora_C.weight", "_lora.up.weight",
    "input_blocks.1.1.proj_in.up",
  ])
  func othersAreNone(name: String) {
    #expect(PartName(name) == nil)
  }
}
