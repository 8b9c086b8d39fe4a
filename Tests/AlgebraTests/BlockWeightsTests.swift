import Adapters
import Names
import TestSupport
import Testing

@testable import Merge

/// Slots of lists, against sd-scripts' `get_lbw_block_index` and supermerger's table for Flux.
@Suite struct BlockWeightsTests {
  /// A list that gives every slot its own index.
  private func list(_ count: Int) throws -> BlockWeights {
    try BlockWeights((0..<count).map(String.init).joined(separator: ","))
  }

  /// Name of a module, length of a list, the slot that it falls into; `nil` for a layer that the
  /// list does not name, which keeps 1.
  static let slots: [(name: String, count: Int, slot: Int?)] = [
    ("lora_te_text_model_encoder_layers_3_mlp_fc1", 26, 0),
    ("lora_te_text_model_encoder_layers_3_mlp_fc1", 17, 0),
    ("lora_te2_text_model_encoder_layers_3_mlp_fc1", 12, 0),
    // SD 1: diffusers' names.
    ("lora_unet_down_blocks_0_attentions_0_proj_in", 26, 2),
    ("lora_unet_down_blocks_0_attentions_1_proj_in", 17, 2),
    ("lora_unet_down_blocks_0_downsamplers_0_conv", 26, 4),
    ("lora_unet_down_blocks_0_downsamplers_0_conv", 17, nil),
    ("lora_unet_down_blocks_1_resnets_1_conv1", 26, 6),
    ("lora_unet_down_blocks_2_attentions_1_proj_out", 17, 6),
    ("lora_unet_down_blocks_3_resnets_1_conv2", 26, 12),
    ("lora_unet_mid_block_attentions_0_proj_in", 26, 13),
    ("lora_unet_mid_block_attentions_0_proj_in", 17, 7),
    ("lora_unet_up_blocks_0_resnets_0_conv1", 26, 14),
    ("lora_unet_up_blocks_0_upsamplers_0_conv", 26, 16),
    ("lora_unet_up_blocks_0_resnets_0_conv1", 17, nil),
    ("lora_unet_up_blocks_1_attentions_0_proj_in", 17, 8),
    ("lora_unet_up_blocks_3_attentions_2_proj_in", 17, 16),
    ("lora_unet_up_blocks_3_attentions_2_proj_in", 26, 25),
    // SDXL: the original names, and diffusers'.
    ("lora_unet_input_blocks_4_1_transformer_blocks_0_attn1_to_q", 12, 1),
    ("lora_unet_input_blocks_8_1_transformer_blocks_9_attn1_to_q", 12, 4),
    ("lora_unet_input_blocks_8_1_transformer_blocks_9_attn1_to_q", 20, 9),
    ("lora_unet_down_blocks_2_attentions_1_transformer_blocks_9_attn1_to_q", 20, 9),
    ("lora_unet_middle_block_1_proj_in", 12, 5),
    ("lora_unet_middle_block_1_proj_in", 20, 10),
    ("lora_unet_output_blocks_0_1_proj_in", 12, 6),
    ("lora_unet_output_blocks_5_1_proj_in", 12, 11),
    ("lora_unet_output_blocks_8_0_in_layers_2", 20, 19),
    ("lora_unet_output_blocks_8_0_in_layers_2", 12, nil),
    ("lora_unet_output_blocks_2_2_conv", 20, 13),
    ("lora_unet_time_embed_0", 20, 1),
    ("lora_unet_label_emb_0_2", 20, 1),
    ("lora_unet_out_2", 20, nil),
    // Flux: the original names, and diffusers'.
    ("lora_te1_text_model_encoder_layers_3_mlp_fc1", 61, 0),
    ("lora_te3_encoder_block_3_layer_0_SelfAttention_q", 61, 1),
    ("lora_unet_img_in", 61, 2),
    ("lora_unet_double_blocks_0_img_attn_qkv", 61, 3),
    ("transformer.transformer_blocks.18.attn.to_q", 61, 21),
    ("lora_unet_single_blocks_0_linear1", 61, 22),
    ("transformer.single_transformer_blocks.37.proj_out", 61, 59),
    ("transformer.x_embedder", 61, 2),
    ("transformer.time_text_embed.timestep_embedder.linear_1", 61, 2),
    ("lora_unet_final_layer_linear", 61, 60),
    ("transformer.proj_out", 61, 60),
    ("transformer.norm_out.linear", 61, 60),
  ]

  @Test(arguments: slots) func slot(_ known: (name: String, count: Int, slot: Int?)) throws {
    let weight = try list(known.count).weight(of: try target(known.name))
    #expect(weight == Double(known.slot ?? 1))
  }

  private func target(_ name: String) throws -> Target {
    let folder = try TemporaryFolder()
    var file = AdapterFile()
    file.addModule(name, 4, 4, rank: 1, alpha: nil, seed: 1)
    let path = try folder.write(file.bytes, to: "x.st")
    return try #require(AdapterSource(path: path).adapter().modules.first).target
  }

  static let named: [(text: String, name: String, weight: Double)] = [
    ("MID=0.5", "lora_unet_mid_block_attentions_0_proj_in", 0.5),
    ("mid=0.5,rest=2", "lora_unet_down_blocks_0_attentions_0_proj_in", 2),
    ("te=0, IN01=3", "lora_te_text_model_encoder_layers_3_mlp_fc1", 0),
    ("te=0,te2=0.25", "lora_te2_text_model_encoder_layers_3_mlp_fc1", 0.25),
    ("BASE=-1", "lora_te_text_model_encoder_layers_3_mlp_fc1", -1),
    ("D05=0.5", "lora_unet_double_blocks_5_img_mlp_0", 0.5),
    ("blocks.7=0.5", "diffusion_model.blocks.7.self_attn.q", 0.5),
    ("IN=0", "diffusion_model.blocks.7.self_attn.q", 1),
  ]

  @Test(arguments: named) func name(_ known: (text: String, name: String, weight: Double)) throws {
    #expect(try BlockWeights(known.text).weight(of: try target(known.name)) == known.weight)
  }

  static let refused = ["1,2,3", "MID", "MID=x", "NOWHERE=1", "IN04=1,2", "MID=nan", "", "a.b=1"]

  @Test(arguments: refused) func refusals(text: String) {
    #expect(throws: (any Error).self) { try BlockWeights(text) }
  }

  @Test func listsAreForTheirModels() throws {
    try list(17).check(for: .sd1)
    try list(12).check(for: .sdxl)
    try list(61).check(for: .flux1)
    try list(12).check(for: .unknown)
    #expect(throws: (any Error).self) { try self.list(12).check(for: .sd1) }
    #expect(throws: (any Error).self) { try self.list(61).check(for: .sdxl) }
  }

  /// What is typed, how many words are files, and the weight of MID in each of the files.
  static let positions: [(arguments: String, files: Int, weights: [Double])] = [
    ("merge a b --block-weights MID=2", 2, [2, 2]),
    ("merge --block-weights MID=2 a b", 2, [2, 2]),
    ("merge a --block-weights MID=2 b", 2, [2, 1]),
    ("a --block-weights=MID=2 b", 2, [2, 1]),
    ("merge -o out a --block-weights MID=2 b --block-weights MID=3", 2, [2, 3]),
    ("merge --quiet a --block-weights MID=2 --json b", 2, [2, 1]),
    ("merge a:0.5 --block-weights MID=2", 1, [2]),
    ("merge - --block-weights MID=2 b", 2, [2, 1]),
    ("merge a --skip-missing --block-weights MID=2 b c", 3, [2, 1, 1]),
    ("merge --block-weights MID=2 -- a b", 2, [2, 2]),
  ]

  @Test(arguments: positions)
  func position(_ known: (arguments: String, files: Int, weights: [Double])) throws {
    let assignment = try BlockWeightAssignment(
      arguments: known.arguments.split(separator: " ").map(String.init), fileCount: known.files)
    let middle = try target("lora_unet_mid_block_attentions_0_proj_in")
    let weights = (0..<known.files).map { assignment.weights(of: $0)?.weight(of: middle) ?? 1 }
    #expect(weights == known.weights)
  }

  @Test func ofSeveralNoneStandsBeforeTheFiles() {
    #expect(throws: (any Error).self) {
      try BlockWeightAssignment(
        arguments: ["--block-weights", "MID=1", "a", "--block-weights", "MID=2", "b"],
        fileCount: 2)
    }
  }
}
