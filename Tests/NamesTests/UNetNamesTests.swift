import Testing

@testable import Names

@Suite struct UNetNamesTests {
  /// One layer of every block of SD 1 and 2, original → diffusers.
  static let sd1 = [
    ("input_blocks.0.0", "conv_in"), ("time_embed.0", "time_embedding.linear_1"),
    ("time_embed.2", "time_embedding.linear_2"), ("out.0", "conv_norm_out"),
    ("out.2", "conv_out"), ("input_blocks.1.0.in_layers.2", "down_blocks.0.resnets.0.conv1"),
    ("input_blocks.1.1.proj_in", "down_blocks.0.attentions.0.proj_in"),
    ("input_blocks.2.0.emb_layers.1", "down_blocks.0.resnets.1.time_emb_proj"),
    (
      "input_blocks.2.1.transformer_blocks.0.ff.net.2",
      "down_blocks.0.attentions.1.transformer_blocks.0.ff.net.2"
    ),
    ("input_blocks.3.0.op", "down_blocks.0.downsamplers.0.conv"),
    ("input_blocks.4.0.skip_connection", "down_blocks.1.resnets.0.conv_shortcut"),
    ("input_blocks.5.1.proj_out", "down_blocks.1.attentions.1.proj_out"),
    ("input_blocks.6.0.op", "down_blocks.1.downsamplers.0.conv"),
    ("input_blocks.8.1.norm", "down_blocks.2.attentions.1.norm"),
    ("input_blocks.9.0.op", "down_blocks.2.downsamplers.0.conv"),
    ("input_blocks.10.0.out_layers.3", "down_blocks.3.resnets.0.conv2"),
    ("input_blocks.11.0.out_layers.0", "down_blocks.3.resnets.1.norm2"),
    ("middle_block.0.in_layers.0", "mid_block.resnets.0.norm1"),
    ("middle_block.1.proj_in", "mid_block.attentions.0.proj_in"),
    ("middle_block.2.out_layers.3", "mid_block.resnets.1.conv2"),
    ("output_blocks.0.0.skip_connection", "up_blocks.0.resnets.0.conv_shortcut"),
    ("output_blocks.2.1.conv", "up_blocks.0.upsamplers.0.conv"),
    ("output_blocks.3.1.proj_in", "up_blocks.1.attentions.0.proj_in"),
    ("output_blocks.5.2.conv", "up_blocks.1.upsamplers.0.conv"),
    ("output_blocks.8.2.conv", "up_blocks.2.upsamplers.0.conv"),
    ("output_blocks.9.0.in_layers.2", "up_blocks.3.resnets.0.conv1"),
    (
      "output_blocks.11.1.transformer_blocks.0.attn2.to_k",
      "up_blocks.3.attentions.2.transformer_blocks.0.attn2.to_k"
    ),
  ]

  /// What SDXL has otherwise: attention in the first two up blocks, and no fourth level.
  static let sdxl = [
    ("label_emb.0.0", "add_embedding.linear_1"), ("label_emb.0.2", "add_embedding.linear_2"),
    (
      "input_blocks.4.1.transformer_blocks.1.attn1.to_q",
      "down_blocks.1.attentions.0.transformer_blocks.1.attn1.to_q"
    ),
    (
      "input_blocks.8.1.transformer_blocks.9.attn2.to_v",
      "down_blocks.2.attentions.1.transformer_blocks.9.attn2.to_v"
    ),
    (
      "middle_block.1.transformer_blocks.9.ff.net.0.proj",
      "mid_block.attentions.0.transformer_blocks.9.ff.net.0.proj"
    ),
    ("output_blocks.0.1.proj_in", "up_blocks.0.attentions.0.proj_in"),
    ("output_blocks.2.2.conv", "up_blocks.0.upsamplers.0.conv"),
    ("output_blocks.5.2.conv", "up_blocks.1.upsamplers.0.conv"),
    ("output_blocks.8.0.skip_connection", "up_blocks.2.resnets.2.conv_shortcut"),
  ]

  @Test(arguments: sd1) func namesOfSD1(original: String, diffusers: String) {
    expectBothWays(original, diffusers, in: BaseModel.sd1.unetLayout)
  }

  @Test(arguments: sdxl) func namesOfSDXL(original: String, diffusers: String) {
    expectBothWays(original, diffusers, in: BaseModel.sdxl.unetLayout)
  }

  private func expectBothWays(
    _ original: String, _ diffusers: String, in layout: UNetNames.Layout
  ) {
    #expect(
      UNetNames.originalPath(diffusers: diffusers + ".weight", in: layout) == original + ".weight")
    let (original, diffusers) = (
      original.replacing(".", with: "_"), diffusers.replacing(".", with: "_")
    )
    #expect(UNetNames.diffusersKey(original: original) == diffusers)
    #expect(UNetNames.originalKey(diffusers: diffusers, in: layout) == original)
  }

  @Test(arguments: [
    "output_blocks", "input_blocks_x_0", "input_blocks_3_0_in_layers_0", "double_blocks_0_img_attn",
    "out_3", "time_embedding_linear_1", "",
  ])
  func othersHaveNone(key: String) {
    #expect(UNetNames.diffusersKey(original: key) == nil)
  }
}
