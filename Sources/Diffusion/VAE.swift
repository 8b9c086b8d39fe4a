package import Compute
import Tensors

/// The extents of a VAE.
package struct VAEConfiguration: Hashable, Sendable {
  /// One number per level, the largest pictures first.
  package let channels: [Int]

  /// In an encoder's block; a decoder's has one more.
  package let resnetsPerBlock: Int
  package let normGroups: Int

  /// The factor by which latents are multiplied for the U-Net.
  package let scalingFactor: Float

  /// Pixels of a picture for one of its latents, in each direction.
  package var downscaling: Int { 1 << (channels.count - 1) }

  init(_ weights: Weights, _ file: VAEFile?, kind: PretrainedModel.Kind) throws {
    let levels = weights.count("encoder.down_blocks.", ".resnets.0.conv1.weight")
    guard levels > 0 else {
      throw weights.failure(
        .missingTensor("encoder.down_blocks.0.resnets.0.conv1.weight", part: weights.part))
    }
    // Sides of pictures are multiples of 8, and so of what one latent stands for.
    guard levels <= 4 else {
      throw weights.failure(
        .unsupported("a VAE of \(levels) levels is none of Stable Diffusion's, which have up to 4"))
    }
    channels = try (0..<levels).map {
      try weights.extent(0, of: "encoder.down_blocks.\($0).resnets.0.conv1.weight", rank: 4)
    }
    resnetsPerBlock = weights.count("encoder.down_blocks.0.resnets.", ".conv1.weight")
    normGroups = file?.normNumGroups?.value ?? 32
    scalingFactor = file?.scalingFactor?.value ?? (kind == .sdxl ? 0.13025 : 0.18215)
    try weights.check(channels, are: file?.blockOutChannels, inGroupsOf: normGroups)
  }
}

/// The network between pictures and latents.
///
/// Source: Kingma and Welling, "Auto-Encoding Variational Bayes" (2013), in the architecture of
/// Rombach et al. (2022).
package struct VAE {
  package let configuration: VAEConfiguration

  /// The device that it lies on.
  package let backend: any Backend
  private let encoder: Encoder
  private let decoder: Decoder

  init(
    _ configuration: VAEConfiguration, _ weights: Weights, on backend: any Backend
  ) throws {
    let loader = VAELoader(c: configuration, reader: Reader(weights: weights, backend: backend))
    self.configuration = configuration
    self.backend = backend
    encoder = try loader.encoder()
    decoder = try loader.decoder()
  }

  /// A picture's latents as a distribution, unscaled.
  package struct Posterior {
    /// [b, h, w, 4].
    package let mean: Tensor

    /// Logarithm of the variance; not yet kept within −30 … 20.
    package let logVariance: Tensor
  }

  /// Encodes pictures of −1 … 1, [b, height, width, 3].
  ///
  /// - Complexity: 1.1 TFLOP for 512 × 512.
  package func encode(_ pictures: Tensor) -> Posterior {
    let moments = encoder(pictures.activations(on: backend))
    return Posterior(
      mean: moments.columns(0..<4), logVariance: moments.columns(4..<8))
  }

  /// Decodes scaled latents, [b, h, w, 4], to pictures of about −1 … 1.
  ///
  /// - Complexity: 2.5 TFLOP for 512 × 512.
  package func decode(_ latents: Tensor) -> Tensor {
    let factor = Tensor([1 / configuration.scalingFactor], shape: [1], on: backend)
    return decoder(latents.activations(on: backend).scaled(by: factor))
  }
}

/// Pictures to means and variances.
private struct Encoder {
  let input: Convolution
  let blocks: [(resnets: [Resnet], downsampler: Convolution?)]
  let middle: VAEMiddle
  let norm: GroupNorm
  let output: Convolution
  let moments: Linear

  func callAsFunction(_ pictures: Tensor) -> Tensor {
    var hidden = input(pictures, nil)
    for block in blocks {
      for resnet in block.resnets { hidden = resnet(hidden, nil) }
      if let downsampler = block.downsampler { hidden = downsampler(hidden, nil) }
    }
    return moments(output(norm(middle(hidden)), nil), nil)
  }
}

/// Latents to pictures.
private struct Decoder {
  let latents: Linear
  let input: Convolution
  let middle: VAEMiddle
  let blocks: [(resnets: [Resnet], upsampler: Convolution?)]
  let norm: GroupNorm
  let output: Convolution

  func callAsFunction(_ unscaled: Tensor) -> Tensor {
    var hidden = middle(input(latents(unscaled, nil), nil))
    for block in blocks {
      for resnet in block.resnets { hidden = resnet(hidden, nil) }
      if let upsampler = block.upsampler {
        let e = hidden.shape.extents
        hidden = upsampler(hidden.upsampled(height: 2 * e[1], width: 2 * e[2]), nil)
      }
    }
    return output(norm(hidden), nil)
  }
}

/// Two resnets with an attention of one head between them.
private struct VAEMiddle {
  let first: Resnet
  let norm: GroupNorm
  let joined: Linear
  let out: Linear
  let second: Resnet

  func callAsFunction(_ x: Tensor) -> Tensor {
    let hidden = first(x, nil)
    let e = hidden.shape.extents
    let tokens = hidden.reshaped([e[0], e[1] * e[2], e[3]])
    let within = joined(norm(tokens), nil).selfAttention(heads: 1)
    return second(out(within, adding: tokens, nil).reshaped(hidden.shape), nil)
  }
}

/// Reads the two halves of a VAE.
private struct VAELoader {
  let c: VAEConfiguration
  let reader: Reader

  private var levels: Int { c.channels.count }

  func encoder() throws -> Encoder {
    let top = c.channels[levels - 1]
    return Encoder(
      input: try Convolution("encoder.conv_in", 3, c.channels[0], reader),
      blocks: try (0..<levels).map { level in
        let key = "encoder.down_blocks.\(level)"
        let outputs = c.channels[level]
        return (
          try resnets(key, c.channels[max(0, level - 1)], outputs, count: c.resnetsPerBlock),
          level == levels - 1
            ? nil
            : try Convolution(
              "\(key).downsamplers.0.conv", outputs, outputs, stride: 2,
              padding: Padding(top: 0, left: 0, bottom: 1, right: 1), reader)
        )
      },
      middle: try middle("encoder.mid_block", top),
      norm: try norm("encoder.conv_norm_out", top, activation: .silu),
      output: try Convolution("encoder.conv_out", top, 8, reader),
      moments: try Linear("quant_conv", 8, 8, reader))
  }

  func decoder() throws -> Decoder {
    let top = c.channels[levels - 1]
    return Decoder(
      latents: try Linear("post_quant_conv", 4, 4, reader),
      input: try Convolution("decoder.conv_in", 4, top, reader),
      middle: try middle("decoder.mid_block", top),
      blocks: try (0..<levels).map { block in
        let key = "decoder.up_blocks.\(block)"
        let level = levels - 1 - block
        let outputs = c.channels[level]
        return (
          try resnets(
            key, c.channels[min(levels - 1, level + 1)], outputs, count: c.resnetsPerBlock + 1),
          level == 0
            ? nil : try Convolution("\(key).upsamplers.0.conv", outputs, outputs, reader)
        )
      },
      norm: try norm("decoder.conv_norm_out", c.channels[0], activation: .silu),
      output: try Convolution("decoder.conv_out", c.channels[0], 3, reader))
  }

  private func resnets(
    _ key: String, _ inputs: Int, _ outputs: Int, count: Int
  ) throws -> [Resnet] {
    try (0..<count).map { index in
      try resnet("\(key).resnets.\(index)", index == 0 ? inputs : outputs, outputs)
    }
  }

  private func resnet(_ key: String, _ inputs: Int, _ outputs: Int) throws -> Resnet {
    try Resnet(
      key, inputs, outputs, timeWidth: nil, groups: c.normGroups, epsilon: 1e-6, name: nil, reader)
  }

  private func norm(
    _ key: String, _ channels: Int, activation: Activation? = nil
  ) throws -> GroupNorm {
    try GroupNorm(
      key, channels, groups: c.normGroups, epsilon: 1e-6, activation: activation, reader)
  }

  private func middle(_ key: String, _ channels: Int) throws -> VAEMiddle {
    let attention = "\(key).attentions.0"
    return VAEMiddle(
      first: try resnet("\(key).resnets.0", channels, channels),
      norm: try norm("\(attention).group_norm", channels),
      joined: try Linear(
        joining: ["to_q", "to_k", "to_v"].map { ("\(attention).\($0)", channels, nil) },
        inputs: channels, reader),
      out: try Linear("\(attention).to_out.0", channels, channels, reader),
      second: try resnet("\(key).resnets.1", channels, channels))
  }
}
