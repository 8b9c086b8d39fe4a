extension UNetNames {
  /// The dotted paths of the U-Nets' layers, with `#` for block numbers: diffusers' and the
  /// original ones.
  static let paths: [String] = diffusersPaths + originalPaths

  private static let resnet = [
    "norm1", "conv1", "time_emb_proj", "norm2", "conv2", "conv_shortcut",
  ]
  private static let originalResnet = [
    "in_layers.0", "in_layers.2", "emb_layers.1", "out_layers.0", "out_layers.3", "skip_connection",
  ]

  private static let attention =
    ["norm", "proj_in", "proj_out"]
    + ["attn1", "attn2"].flatMap { attention in
      ["to_q", "to_k", "to_v", "to_out.0"].map { "transformer_blocks.#.\(attention).\($0)" }
    }
    + ["norm1", "norm2", "norm3", "ff.net.0.proj", "ff.net.2"].map { "transformer_blocks.#.\($0)" }

  private static let diffusersPaths: [String] =
    ["down_blocks.#", "up_blocks.#", "mid_block"].flatMap { block in
      resnet.map { "\(block).resnets.#.\($0)" } + attention.map { "\(block).attentions.#.\($0)" }
    } + [
      "conv_in", "conv_norm_out", "conv_out", "time_embedding.linear_1", "time_embedding.linear_2",
      "add_embedding.linear_1", "add_embedding.linear_2", "down_blocks.#.downsamplers.#.conv",
      "up_blocks.#.upsamplers.#.conv",
    ]

  private static let originalPaths: [String] =
    ["input_blocks.#.#", "middle_block.#", "output_blocks.#.#"].flatMap { block in
      (originalResnet + attention).map { "\(block).\($0)" }
    } + [
      "input_blocks.#.#", "input_blocks.#.#.op", "output_blocks.#.#.conv", "time_embed.0",
      "time_embed.2", "label_emb.#.#", "out.0", "out.2",
    ]
}
