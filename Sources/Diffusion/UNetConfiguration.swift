import Tensors

/// The extents of a U-Net.
package struct UNetConfiguration: Hashable, Sendable {
  /// One number per level.
  package let channels: [Int]

  /// In a down block; an up block has one more.
  package let resnetsPerBlock: Int

  /// Transformer blocks of each attention at a level; 0 where the level has no attention.
  package let depths: [Int]
  package let heads: [Int]
  package let contextWidth: Int
  package let normGroups: Int
  package let normEpsilon: Float

  /// The inputs that SDXL has beside the text; `nil` for others.
  package let added: AddedConditions?

  /// How wide the pooled text is, and how wide each of the six size numbers is embedded.
  package struct AddedConditions: Hashable, Sendable {
    package let pooledWidth: Int
    package let sizeWidth: Int

    /// The width of the pooled text and the six embedded numbers together.
    var width: Int { pooledWidth + 6 * sizeWidth }
  }

  /// The side of the latents that it was made for, where its file says so.
  package let sampleSide: Int?

  package var levels: Int { channels.count }

  /// The middle block has the depth of the last level, where that has attention, or of the one
  /// before it (SD 1 and 2 have none at the last level and 1 in the middle).
  package var middleDepth: Int { depths.last { $0 > 0 } ?? 0 }
}

extension UNetConfiguration {
  /// Takes the extents from `config.json`, and what it does not say from the shapes.
  init(_ weights: Weights, _ file: UNetFile?, kind: PretrainedModel.Kind) throws {
    let levels =
      file?.blockOutChannels.count ?? weights.count("down_blocks.", ".resnets.0.conv1.weight")
    guard levels > 0 else {
      throw weights.failure(
        .missingTensor("down_blocks.0.resnets.0.conv1.weight", part: weights.part))
    }
    let inputs = try weights.extent(1, of: "conv_in.weight", rank: 4)
    guard inputs == 4 else { throw weights.failure(.inpainting(channels: inputs)) }
    if weights.has("class_embedding.linear_1.weight") {
      throw weights.failure(
        .unsupported("a U-Net with class embeddings (unCLIP) is none of SD 1.x, 2.x or XL"))
    }
    channels = try (0..<levels).map {
      try weights.extent(0, of: "down_blocks.\($0).resnets.0.conv1.weight", rank: 4)
    }
    resnetsPerBlock = weights.count("down_blocks.0.resnets.", ".conv1.weight")
    depths = (0..<levels).map {
      weights.count("down_blocks.\($0).attentions.0.transformer_blocks.", ".norm1.weight")
    }
    let channels = channels
    let heads = (file?.numAttentionHeads ?? file?.attentionHeadDim)?.values(levels)
    self.heads = heads ?? channels.map { kind == .sd1 ? 8 : max(1, $0 / 64) }
    let attention = "attentions.0.transformer_blocks.0.attn2.to_k.weight"
    contextWidth =
      depths.contains { $0 > 0 } ? try weights.extent(1, of: "mid_block.\(attention)", rank: 2) : 0
    normGroups = file?.normNumGroups?.value ?? 32
    normEpsilon = file?.normEps?.value ?? 1e-5
    added = try Self.addedConditions(weights, sizeWidth: file?.additionTimeEmbedDim?.value ?? 256)
    sampleSide = file?.sampleSize?.values(1).first.flatMap { $0 <= 2048 ? $0 : nil }
    try weights.check(channels, are: file?.blockOutChannels, inGroupsOf: normGroups)
    try check(weights)
  }

  private static func addedConditions(
    _ weights: Weights, sizeWidth: Int
  ) throws -> AddedConditions? {
    let key = "add_embedding.linear_1.weight"
    guard weights.has(key) else { return nil }
    let width = try weights.extent(1, of: key, rank: 2)
    guard sizeWidth % 2 == 0, width > 6 * sizeWidth else {
      throw weights.failure(
        .badConfiguration(
          "'addition_time_embed_dim' is \(sizeWidth), not an even number below a sixth of \(width)")
      )
    }
    return AddedConditions(pooledWidth: width - 6 * sizeWidth, sizeWidth: sizeWidth)
  }

  private func check(_ weights: Weights) throws {
    guard channels[0] % 2 == 0 else {
      throw weights.failure(
        .unsupported("\(channels[0]) channels of the first level are odd, so no timestep fits"))
    }
    guard heads.count == levels, zip(channels, heads).allSatisfy({ $0 % $1 == 0 }) else {
      throw weights.failure(.badConfiguration("\(channels) channels in \(heads) heads"))
    }
  }
}
