import Tensors

/// The extents of a U-Net.
package struct UNetConfiguration: Hashable, Sendable {
  /// One number a level.
  package let channels: [Int]

  /// In a down block; an up block has one more.
  package let resnetsPerBlock: Int

  /// Transformer blocks of each attention at a level; 0 where the level has no attention.
  package let depths: [Int]
  package let heads: [Int]
  package let contextWidth: Int
  package let normGroups: Int
  package let normEpsilon: Float

  /// How wide each of SDXL's six size numbers is embedded; `nil` without them.
  package let sizeWidth: Int?

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
    if let input = weights.shape("conv_in.weight")?.extents, input[1] != 4 {
      throw weights.failure(.inpainting(channels: input[1]))
    }
    if weights.has("class_embedding.linear_1.weight") {
      throw weights.failure(
        .unsupported("a U-Net with class embeddings (unCLIP) is none of SD 1.x, 2.x or XL"))
    }
    channels = (0..<levels).map {
      weights.shape("down_blocks.\($0).resnets.0.conv1.weight")?.extents[0] ?? 0
    }
    resnetsPerBlock = weights.count("down_blocks.0.resnets.", ".conv1.weight")
    depths = (0..<levels).map {
      weights.count("down_blocks.\($0).attentions.0.transformer_blocks.", ".norm1.weight")
    }
    let channels = channels
    let heads = (file?.numAttentionHeads ?? file?.attentionHeadDim)?.values(levels)
    self.heads = heads ?? channels.map { kind == .sd1 ? 8 : max(1, $0 / 64) }
    let attention = "attentions.0.transformer_blocks.0.attn2.to_k.weight"
    contextWidth = weights.shape("mid_block.\(attention)")?.extents[1] ?? 0
    normGroups = file?.normNumGroups ?? 32
    normEpsilon = file?.normEps ?? 1e-5
    sizeWidth =
      weights.has("add_embedding.linear_1.weight") ? file?.additionTimeEmbedDim ?? 256 : nil
    let sampleSide = file?.sampleSize?.values(1).first
    self.sampleSide = sampleSide.flatMap { (1...2048).contains($0) ? $0 : nil }
    try check(weights)
  }

  private func check(_ weights: Weights) throws {
    for (level, width) in channels.enumerated() {
      guard width > 0, width % normGroups == 0, heads.count == levels, heads[level] > 0,
        width % heads[level] == 0
      else {
        throw weights.failure(
          .badConfiguration("\(width) channels in \(normGroups) groups and \(heads) heads"))
      }
    }
  }
}
