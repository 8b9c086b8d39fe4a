import Compute
import ComputeCPU
import Names
import TestSupport
import Testing

@testable import Diffusion

@Suite(.enabled(if: GoldenRun.isPresent, "the models are not beside the repository"))
struct LayerNameTests {
  let backend = CPUBackend(threads: 1)

  /// SD 1 and 2: sixteen transformers of twelve layers, and what `conv_dim` adds.
  @Test func stableDiffusion() throws {
    let layers = try GoldenRun.all[0].pretrained().unet(on: backend).layers
    let places =
      (0..<3).flatMap { block in (0..<2).map { "down_blocks_\(block)_attentions_\($0)" } }
      + ["mid_block_attentions_0"]
      + (1..<4).flatMap { block in (0..<3).map { "up_blocks_\(block)_attentions_\($0)" } }
    let inner = [
      "attn1_to_q", "attn1_to_k", "attn1_to_v", "attn1_to_out_0", "ff_net_0_proj", "ff_net_2",
      "attn2_to_q", "attn2_to_k", "attn2_to_v", "attn2_to_out_0",
    ].map { "transformer_blocks_0_\($0)" }
    let expected = places.flatMap { place in
      (["proj_in", "proj_out"] + inner).map { "lora_unet_\(place)_\($0)" }
    }
    let names = Set(layers.filter(\.name.isDefault).map(\.name.module))
    #expect(names == Set(expected) && names.count == 192)

    let resnets =
      (0..<4).flatMap { block in (0..<2).map { "down_blocks_\(block)_resnets_\($0)" } }
      + ["mid_block_resnets_0", "mid_block_resnets_1"]
      + (0..<4).flatMap { block in (0..<3).map { "up_blocks_\(block)_resnets_\($0)" } }
    let shortcuts =
      ["down_blocks_1_resnets_0"]  // paperdoll's third level is as wide as its second
      + (0..<4).flatMap { block in (0..<3).map { "up_blocks_\(block)_resnets_\($0)" } }
    let more =
      resnets.flatMap { ["\($0)_conv1", "\($0)_time_emb_proj", "\($0)_conv2"] }
      + shortcuts.map { "\($0)_conv_shortcut" }
      + (0..<3).flatMap {
        ["down_blocks_\($0)_downsamplers_0_conv", "up_blocks_\($0)_upsamplers_0_conv"]
      }
    let others = Set(layers.filter { !$0.name.isDefault }.map(\.name.module))
    #expect(others == Set(more.map { "lora_unet_\($0)" }))
  }

  @Test func originalNamesOfXL() throws {
    let layers = try GoldenRun.all[2].pretrained().unet(on: backend).layers
    let names = Set(layers.filter { !$0.name.isDefault }.map(\.name.module))
    let resnets =
      [1, 2, 4, 5, 7, 8].map { "input_blocks_\($0)_0" } + ["middle_block_0", "middle_block_2"]
      + (0..<9).map { "output_blocks_\($0)_0" }
    let skips = ["input_blocks_4_0"] + (0..<9).map { "output_blocks_\($0)_0" }
    let expected =
      resnets.flatMap { ["\($0)_in_layers_2", "\($0)_emb_layers_1", "\($0)_out_layers_3"] }
      + skips.map { "\($0)_skip_connection" }
      + ["input_blocks_3_0_op", "input_blocks_6_0_op"]
      + ["output_blocks_2_2_conv", "output_blocks_5_2_conv"]
    #expect(names == Set(expected.map { "lora_unet_\($0)" }))
    let layer = layers.first { $0.name.module == "lora_unet_input_blocks_4_1_proj_in" }
    #expect(layer?.name.target.key == "down_blocks_1_attentions_0_proj_in")
    for layer in layers { #expect(Target.parse(layer.name.module).target == layer.name.target) }
  }

  @Test func textEncoders() throws {
    let first = try GoldenRun.all[0].pretrained().textEncoders(on: backend)[0].layers
    #expect(first.count == 12)
    #expect(
      first.contains { $0.name.module == "lora_te_text_model_encoder_layers_1_self_attn_out_proj" })
    let second = try GoldenRun.all[2].pretrained().textEncoders(on: backend)[1].layers
    #expect(second.contains { $0.name.module == "lora_te2_text_model_encoder_layers_0_mlp_fc1" })
  }
}
