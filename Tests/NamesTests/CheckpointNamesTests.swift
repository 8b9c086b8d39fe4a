import Names
import Testing

@Suite struct CheckpointNamesTests {
  static let unet: [(diffusers: String, original: String)] = [
    ("conv_in.weight", "input_blocks.0.0.weight"),
    ("time_embedding.linear_2.bias", "time_embed.2.bias"),
    ("down_blocks.0.resnets.1.norm1.weight", "input_blocks.2.0.in_layers.0.weight"),
    ("down_blocks.1.attentions.0.proj_in.weight", "input_blocks.4.1.proj_in.weight"),
    ("down_blocks.2.downsamplers.0.conv.bias", "input_blocks.9.0.op.bias"),
    ("mid_block.resnets.1.time_emb_proj.weight", "middle_block.2.emb_layers.1.weight"),
    (
      "mid_block.attentions.0.transformer_blocks.0.ff.net.0.proj.weight",
      "middle_block.1.transformer_blocks.0.ff.net.0.proj.weight"
    ),
    ("up_blocks.0.upsamplers.0.conv.weight", "output_blocks.2.1.conv.weight"),
    ("up_blocks.1.upsamplers.0.conv.weight", "output_blocks.5.2.conv.weight"),
    ("up_blocks.3.resnets.2.conv_shortcut.weight", "output_blocks.11.0.skip_connection.weight"),
    ("up_blocks.3.attentions.2.norm.weight", "output_blocks.11.1.norm.weight"),
    ("conv_norm_out.weight", "out.0.weight"),
    ("conv_out.bias", "out.2.bias"),
  ]

  @Test(arguments: unet) func unetKeys(_ row: (diffusers: String, original: String)) {
    let layout = BaseModel.sd1.unetLayout
    #expect(UNetNames.originalPath(diffusers: row.diffusers, in: layout) == row.original)
  }

  static let vae: [(diffusers: String, original: String)] = [
    (
      "encoder.down_blocks.1.resnets.0.conv_shortcut.weight",
      "encoder.down.1.block.0.nin_shortcut.weight"
    ),
    ("encoder.down_blocks.2.downsamplers.0.conv.bias", "encoder.down.2.downsample.conv.bias"),
    ("decoder.up_blocks.0.resnets.2.norm1.weight", "decoder.up.3.block.2.norm1.weight"),
    ("decoder.up_blocks.2.upsamplers.0.conv.weight", "decoder.up.1.upsample.conv.weight"),
    ("decoder.mid_block.attentions.0.to_out.0.weight", "decoder.mid.attn_1.proj_out.weight"),
    ("decoder.mid_block.attentions.0.group_norm.bias", "decoder.mid.attn_1.norm.bias"),
    ("encoder.mid_block.resnets.1.conv2.weight", "encoder.mid.block_2.conv2.weight"),
    ("encoder.conv_norm_out.weight", "encoder.norm_out.weight"),
    ("quant_conv.weight", "quant_conv.weight"),
  ]

  @Test(arguments: vae) func vaeKeys(_ row: (diffusers: String, original: String)) {
    let location = VAENames.original(row.diffusers, levels: 4, prefix: CheckpointNames.vae)
    #expect(location == TensorLocation("first_stage_model." + row.original))
  }

  @Test func openCLIPKeys() {
    let key = "text_model.encoder.layers.3.self_attn.k_proj.bias"
    #expect(
      OpenCLIPNames.location(transformers: key).prefixed(by: "p.")
        == TensorLocation("p.transformer.resblocks.3.attn.in_proj_bias", .third(1)))
    #expect(
      OpenCLIPNames.location(transformers: "text_projection.weight")
        == TensorLocation("text_projection", .transposed))
    #expect(
      OpenCLIPNames.location(transformers: "text_model.embeddings.position_embedding.weight")
        == TensorLocation("positional_embedding"))
  }

  /// What is read of a checkpoint is what adapters are matched with.
  @Test(arguments: [
    "text_model.final_layer_norm", "text_model.embeddings.token_embedding",
    "text_model.encoder.layers.11.mlp.fc1", "text_model.encoder.layers.0.mlp.fc2",
    "text_model.encoder.layers.3.layer_norm1", "text_model.encoder.layers.3.layer_norm2",
    "text_model.encoder.layers.31.self_attn.out_proj",
  ])
  func openCLIPLayersLeadBack(_ layer: String) throws {
    let name = OpenCLIPNames.location(transformers: layer + ".weight").name
    #expect(OpenCLIPNames.path(String(name.dropLast(7))) == layer)
  }

  @Test func openCLIPJoinsQueriesKeysAndValues() {
    for (index, part) in OpenCLIPNames.fused.enumerated() {
      let key = "text_model.encoder.layers.7.self_attn.\(part).weight"
      let location = OpenCLIPNames.location(transformers: key)
      #expect(
        location == TensorLocation("transformer.resblocks.7.attn.in_proj_weight", .third(index)))
    }
    #expect(
      OpenCLIPNames.path("transformer.resblocks.7.attn")
        == "text_model.encoder.layers.7.self_attn")
  }
}
