import Compute
import Names
import Tensors

extension UNet {
  init(
    _ configuration: UNetConfiguration, _ weights: Weights, _ kind: PretrainedModel.Kind,
    on backend: any Backend
  ) throws {
    let loader = UNetLoader(
      c: configuration, kind: kind, reader: Reader(weights: weights, backend: backend))
    let channels = configuration.channels
    self.configuration = configuration
    self.backend = backend
    time = try loader.time()
    input = try Convolution("conv_in", 4, channels[0], loader.reader)
    down = try (0..<configuration.levels).map(loader.down)
    middle = try loader.middle()
    up = try (0..<configuration.levels).map(loader.up)
    outputNorm = try GroupNorm(
      "conv_norm_out", channels[0], groups: configuration.normGroups,
      epsilon: configuration.normEpsilon, activation: .silu, loader.reader)
    output = try Convolution("conv_out", channels[0], 4, loader.reader)
  }
}

private struct UNetLoader {
  let c: UNetConfiguration
  let kind: PretrainedModel.Kind
  let reader: Reader

  private var timeWidth: Int { 4 * c.channels[0] }

  func time() throws -> TimeEmbedding {
    let width = c.channels[0]
    return TimeEmbedding(
      width: width,
      first: try Linear("time_embedding.linear_1", width, timeWidth, reader),
      second: try Linear("time_embedding.linear_2", timeWidth, timeWidth, reader),
      added: try c.added.map { added in
        (
          try Linear("add_embedding.linear_1", added.width, timeWidth, reader),
          try Linear("add_embedding.linear_2", timeWidth, timeWidth, reader), added.sizeWidth
        )
      })
  }

  func down(_ level: Int) throws -> DownBlock {
    let key = "down_blocks.\(level)"
    let outputs = c.channels[level]
    return DownBlock(
      resnets: try (0..<c.resnetsPerBlock).map {
        let inputs = $0 > 0 ? outputs : c.channels[max(0, level - 1)]
        return try resnet("\(key).resnets.\($0)", inputs, outputs)
      },
      attentions: try (0..<(c.depths[level] > 0 ? c.resnetsPerBlock : 0)).map {
        try transformer("\(key).attentions.\($0)", level, depth: c.depths[level])
      },
      downsampler: level == c.levels - 1
        ? nil
        : try Convolution(
          "\(key).downsamplers.0.conv", outputs, outputs, stride: 2,
          name: name("\(key).downsamplers.0.conv"), reader))
  }

  func middle() throws -> (first: Resnet, attention: Transformer?, second: Resnet) {
    let width = c.channels[c.levels - 1]
    return (
      try resnet("mid_block.resnets.0", width, width),
      c.middleDepth == 0
        ? nil : try transformer("mid_block.attentions.0", c.levels - 1, depth: c.middleDepth),
      try resnet("mid_block.resnets.1", width, width)
    )
  }

  func up(_ block: Int) throws -> UpBlock {
    let key = "up_blocks.\(block)"
    let level = c.levels - 1 - block
    let outputs = c.channels[level]
    let before = c.channels[min(c.levels - 1, level + 1)]
    return UpBlock(
      resnets: try (0...c.resnetsPerBlock).map {
        let hidden = $0 > 0 ? outputs : before
        let skip = $0 < c.resnetsPerBlock ? outputs : c.channels[max(0, level - 1)]
        return try resnet("\(key).resnets.\($0)", hidden + skip, outputs)
      },
      attentions: try (0..<(c.depths[level] > 0 ? c.resnetsPerBlock + 1 : 0)).map {
        try transformer("\(key).attentions.\($0)", level, depth: c.depths[level])
      },
      upsampler: level == 0
        ? nil
        : try Convolution(
          "\(key).upsamplers.0.conv", outputs, outputs,
          name: name("\(key).upsamplers.0.conv"), reader))
  }

  private func resnet(_ key: String, _ inputs: Int, _ outputs: Int) throws -> Resnet {
    try Resnet(
      key, inputs, outputs, timeWidth: timeWidth, groups: c.normGroups, epsilon: c.normEpsilon,
      name: name, reader)
  }

  private func transformer(_ key: String, _ level: Int, depth: Int) throws -> Transformer {
    try Transformer(
      key, channels: c.channels[level], heads: c.heads[level], depth: depth,
      contextWidth: c.contextWidth, groups: c.normGroups, name: name, reader)
  }

  /// The name that sd-scripts gives an adapter of a layer.
  private func name(_ path: String) -> LayerName {
    let layout = UNetNames.Layout(
      resnetsPerBlock: c.resnetsPerBlock,
      attentionUpBlocks: Set(c.depths.indices.filter { c.depths[c.levels - 1 - $0] > 0 }))
    let target = Target(
      network: .denoiser, key: path.replacing(".", with: "_"), path: path)
    return LayerName(
      target: target, module: target.kohyaName(in: kind.baseModel, layout: layout),
      isDefault: path.contains(".attentions."))
  }
}
