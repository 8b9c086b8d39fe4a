import Names
import Testing

@Suite struct BlockTests {
  /// One layer under the names of each implementation, and its block.
  @Test(arguments: [
    (["conv_in", "input_blocks.0.0", "time_embedding.linear_1"], "IN00"),
    (["down_blocks.0.attentions.1.proj_in", "input_blocks.2.1.proj_in"], "IN02"),
    (["down_blocks.1.downsamplers.0.conv", "input_blocks.6.0.op"], "IN06"),
    (["mid_block.attentions.0.proj_in", "middle_block.1.proj_in"], "MID"),
    (["up_blocks.0.resnets.0.conv1", "output_blocks.0.0.in_layers.2"], "OUT00"),
    (["up_blocks.1.upsamplers.0.conv", "output_blocks.5.2.conv"], "OUT05"),
    (["double_blocks.18.img_attn.qkv"], "double_blocks 18"),
  ])
  func layersAreInTheirBlock(_ paths: [String], _ label: String) {
    for path in paths {
      #expect(Block(of: Target.parse(path).target).label == label, "\(path)")
    }
  }

  @Test func encodersComeBeforeTheNetwork() {
    let names = [
      "lora_te2_text_model_encoder_layers_0_mlp_fc1", "lora_unet_mid_block_attentions_0_proj_in",
      "lora_te1_text_model_encoder_layers_0_mlp_fc1",
      "lora_unet_down_blocks_0_attentions_0_proj_in",
    ]
    #expect(
      names.map { Block(of: Target.parse($0).target) }.sorted().map(\.label)
        == ["text encoder", "text encoder 2", "IN01", "MID"])
  }

  /// What a trainer calls a layer is read as the same layer.
  @Test(arguments: [BaseModel.sd1, .sd2, .sdxl, .flux1])
  func kohyaNamesLeadBack(_ model: BaseModel) {
    let paths = [
      "down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_q", "up_blocks.1.upsamplers.0.conv",
      "mid_block.resnets.1.conv2", "down_blocks.0.downsamplers.0.conv",
    ]
    for path in paths {
      let target = Target(
        network: .denoiser, key: path.replacing(".", with: "_"), path: path)
      let name = target.kohyaName(in: model)
      #expect(Target.parse(name).target == target)
      let isOriginal = model == .sdxl && path.hasPrefix("down")
      #expect(name.contains("input_") == isOriginal)
    }
    for number in [1, 2] {
      let target = Target(
        network: .textEncoder(number), key: "text_model_encoder_layers_0_mlp_fc1",
        path: "text_model.encoder.layers.0.mlp.fc1")
      #expect(Target.parse(target.kohyaName(in: model)).target == target)
    }
  }

  @Test func identitiesOfModels() {
    #expect(BaseModel.sd2.sdScriptsVersion(predictsVelocity: true) == "sd_v2_v")
    #expect(BaseModel.sd2.modelSpec() == nil)
    #expect(
      BaseModel.sd2.modelSpec(predictsVelocity: false)?.architecture
        == "stable-diffusion-v2-512/lora")
    #expect(BaseModel.qwenImage.sdScriptsVersion() == nil)
  }
}
