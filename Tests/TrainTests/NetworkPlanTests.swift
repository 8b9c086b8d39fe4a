import ArgumentParser
import Testing

@testable import Train

@Suite struct NetworkPlanTests {
  static let blocks: [(module: String, layout: BlockLayout, block: Int?)] = [
    ("lora_unet_down_blocks_0_attentions_0_proj_in", .stableDiffusion, 1),
    ("lora_unet_down_blocks_2_downsamplers_0_conv", .stableDiffusion, 9),
    ("lora_unet_down_blocks_3_resnets_1_conv1", .stableDiffusion, 11),
    ("lora_unet_mid_block_attentions_0_proj_in", .stableDiffusion, 12),
    ("lora_unet_up_blocks_0_upsamplers_0_conv", .stableDiffusion, 15),
    ("lora_unet_up_blocks_3_attentions_2_proj_out", .stableDiffusion, 24),
    ("lora_te_text_model_encoder_layers_0_mlp_fc1", .stableDiffusion, nil),
    ("lora_unet_input_blocks_4_1_proj_in", .stableDiffusionXL, 5),
    ("lora_unet_middle_block_1_proj_in", .stableDiffusionXL, 11),
    ("lora_unet_output_blocks_8_0_in_layers_2", .stableDiffusionXL, 21),
  ]

  @Test(arguments: blocks)
  func moduleIsInItsBlock(_ example: (module: String, layout: BlockLayout, block: Int?)) {
    #expect(example.layout.block(of: example.module) == example.block)
  }

  static let linear = "lora_unet_up_blocks_3_attentions_2_proj_out"
  static let convolution = "lora_unet_up_blocks_3_resnets_2_conv1"
  static let text = "lora_te_text_model_encoder_layers_0_mlp_fc1"

  @Test func convolutionsAreAdaptedOnlyWhenAsked() throws {
    let plain = try TrainingPlanTests.plan(["-o", "x", "--network-alpha", "0"], batchesPerEpoch: 1)
      .network
    #expect(plain.extent(of: Self.linear, isLargeConvolution: false) == .init(rank: 4, alpha: 4))
    #expect(plain.extent(of: Self.convolution, isLargeConvolution: true) == nil)
    #expect(!plain.adaptsResnets)
    let more = try TrainingPlanTests.plan(
      ["-o", "x", "--network-args", "conv_dim=2", "--network-train-unet-only"], batchesPerEpoch: 1
    ).network
    #expect(more.extent(of: Self.convolution, isLargeConvolution: true) == .init(rank: 2, alpha: 1))
    #expect(
      more.extent(of: Self.convolution, isLargeConvolution: false) == .init(rank: 4, alpha: 1))
    #expect(more.extent(of: Self.text, isLargeConvolution: false) == nil)
    #expect(more.adaptsResnets)
  }

  @Test func blocksHaveTheirOwnRanks() throws {
    let ranks = (0..<25).map { "\($0)" }.joined(separator: ",")
    let plan = try TrainingPlanTests.plan(
      [
        "-o", "x", "--network-args", "block_dims=\(ranks)", "--network-args",
        "conv_block_dims=\(ranks)",
      ],
      batchesPerEpoch: 1
    ).network
    #expect(plan.extent(of: Self.linear, isLargeConvolution: false) == .init(rank: 24, alpha: 1))
    #expect(plan.extent(of: Self.convolution, isLargeConvolution: true)?.rank == 24)
    #expect(plan.extent(of: Self.text, isLargeConvolution: false)?.rank == 4)
  }

  @Test func blocksWithoutLearningRateHaveNoAdapter() throws {
    let plan = try TrainingPlanTests.plan(
      [
        "-o", "x", "--learning-rate", "1e-3", "--network-args", "up_lr_weight=sine",
        "--network-args", "mid_lr_weight=0.5",
      ],
      batchesPerEpoch: 1)
    #expect(
      plan.network.extent(of: "lora_unet_up_blocks_0_resnets_0_conv1", isLargeConvolution: false)
        == nil)
    #expect(plan.network.extent(of: Self.linear, isLargeConvolution: false)?.rank == 4)
    #expect(plan.rates.rate(of: "lora_unet_mid_block_attentions_0_proj_in", .up) == 0.5e-3)
    #expect(plan.rates.rate(of: Self.linear, .down) == 1e-3)
    #expect(plan.rates.rate(of: "lora_unet_down_blocks_0_attentions_0_proj_in", .down) == 1e-3)
  }

  @Test func partsAndMatricesHaveTheirOwnRates() throws {
    let rates = try TrainingPlanTests.plan(
      [
        "-o", "x", "--learning-rate", "1", "--unet-lr", "2", "--text-encoder-lr", "3",
        "--network-args", "loraplus_lr_ratio=16", "--network-args",
        "loraplus_text_encoder_lr_ratio=4",
      ], batchesPerEpoch: 1
    ).rates
    #expect(rates.rate(of: Self.linear, .down) == 2)
    #expect(rates.rate(of: Self.linear, .up) == 32)
    #expect(rates.rate(of: Self.text, .down) == 3)
    #expect(rates.rate(of: Self.text, .up) == 12)
  }

  @Test(arguments: [
    ("0.1", PythonLiteral.number(0.1)), ("1", .integer(1)), ("True", .boolean(true)),
    ("None", .none),
    ("(0.9, 0.99)", .tuple([.number(0.9), .number(0.99)])),
    ("0.9,0.99", .tuple([.number(0.9), .number(0.99)])),
    ("[1]", .tuple([.integer(1)])), ("'x'", .text("x")), ("word", .text("word")),
  ])
  func literalIsRead(_ text: String, _ literal: PythonLiteral) {
    #expect(PythonLiteral(text) == literal)
  }
}
