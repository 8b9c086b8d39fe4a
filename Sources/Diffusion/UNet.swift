package import Compute
import Tensors

/// The inputs of a U-Net; all extents but the number of tokens must fit the model.
package struct UNetInputs {
  /// Noisy latents, [b, h, w, 4].
  package let latents: Tensor

  /// 0 … 999, or between, [b].
  package let timesteps: Tensor

  /// The text's states, [b, tokens, width].
  package let context: Tensor

  /// SDXL: the second encoder's pooled text, [b, width].
  package let pooled: Tensor?

  /// SDXL: original height and width, crop's top and left, target's height and width: [b, 6].
  package let timeIDs: Tensor?

  package init(
    latents: Tensor, timesteps: Tensor, context: Tensor, pooled: Tensor? = nil,
    timeIDs: Tensor? = nil
  ) {
    self.latents = latents
    self.timesteps = timesteps
    self.context = context
    self.pooled = pooled
    self.timeIDs = timeIDs
  }

  /// The same with latents and text in the type that the device computes with.
  fileprivate func activations(on device: any Backend) -> UNetInputs {
    UNetInputs(
      latents: latents.activations(on: device), timesteps: timesteps,
      context: context.activations(on: device), pooled: pooled?.activations(on: device),
      timeIDs: timeIDs)
  }
}

/// The network that says what in a noisy picture is noise.
///
/// Source: Rombach et al., "High-Resolution Image Synthesis with Latent Diffusion Models" (2022).
package struct UNet {
  package let configuration: UNetConfiguration

  /// The device that it lies on.
  let backend: any Backend
  let time: TimeEmbedding
  let input: Convolution
  let down: [DownBlock]
  let middle: (first: Resnet, attention: Transformer?, second: Resnet)
  let up: [UpBlock]
  let outputNorm: GroupNorm
  let output: Convolution

  /// The layers that adapters may change: queries, keys and values of one attention in a row.
  package var layers: [AdaptableLayer] { adaptable.flatMap(\.layers) }

  private var adaptable: [AdaptableWeight] {
    down.flatMap(\.adaptable) + middle.first.adaptable + (middle.attention?.adaptable ?? [])
      + middle.second.adaptable + up.flatMap(\.adaptable)
  }

  /// Adds adapters to the weights for good, for `base_weights` and copies of merged models.
  package func merge(_ modules: AdaptedModules, values: [Float], multiplier: Float) {
    for weight in adaptable { weight.merge(modules, values: values, multiplier: multiplier) }
  }

  /// Returns the model's prediction (noise or velocity, as it was trained), [b, h, w, 4].
  ///
  /// - Parameters:
  ///   - adapters: Beside the layers; its tape, if any, records.
  ///   - checkpointing: Whether resnets and transformers keep only their inputs for the backward
  ///     pass and are computed again there.
  package func prediction(
    of inputs: UNetInputs, adapters: DeviceAdapters? = nil, checkpointing: Bool = false
  ) -> Tensor {
    let inputs = inputs.activations(on: backend)
    adapters?.roundFactors()
    let pass = Pass(
      time: time(inputs), context: inputs.context, adapters: adapters,
      checkpointing: checkpointing)
    var hidden = input(inputs.latents, adapters)
    var skips = [hidden]
    for block in down { block(&hidden, &skips, pass) }
    hidden = pass.resnet(middle.first, hidden)
    if let attention = middle.attention { hidden = pass.transformer(attention, hidden) }
    hidden = pass.resnet(middle.second, hidden)
    for block in up { block(&hidden, &skips, pass) }
    return output(outputNorm(hidden), adapters)
  }
}

/// The values that all blocks of one pass share.
struct Pass {
  /// SiLU of the time embedding.
  let time: Tensor
  let context: Tensor
  let adapters: DeviceAdapters?
  let checkpointing: Bool

  func resnet(_ resnet: Resnet, _ x: Tensor) -> Tensor {
    // Before the first adapted layer nothing is recorded, and nothing may be repeated.
    let repeats = checkpointing && (x.node != nil || adapters?.hasConvolutions == true)
    return checkpointed(repeats, adapters, [x, time]) { [adapters] in
      resnet($0[0], time: $0[1], adapters)
    }
  }

  func transformer(_ transformer: Transformer, _ x: Tensor) -> Tensor {
    // SDXL's transformers are deep: there each block is a unit of its own.
    let isDeep = transformer.depth > 1
    return checkpointed(checkpointing && !isDeep, adapters, [x, context]) {
      [adapters, checkpointing] in
      transformer($0[0], context: $0[1], adapters, checkpointing: checkpointing && isDeep)
    }
  }
}

/// Resnets, with transformers behind them or not, and a convolution that halves the picture.
struct DownBlock {
  let resnets: [Resnet]
  let attentions: [Transformer]
  let downsampler: Convolution?

  var adaptable: [AdaptableWeight] {
    attentions.flatMap(\.adaptable) + resnets.flatMap(\.adaptable) + (downsampler?.adaptable ?? [])
  }

  func callAsFunction(_ hidden: inout Tensor, _ skips: inout [Tensor], _ pass: Pass) {
    for (index, resnet) in resnets.enumerated() {
      hidden = pass.resnet(resnet, hidden)
      if !attentions.isEmpty { hidden = pass.transformer(attentions[index], hidden) }
      skips.append(hidden)
    }
    if let downsampler {
      hidden = downsampler(hidden, pass.adapters)
      skips.append(hidden)
    }
  }
}

/// Resnets that also see what the way down kept, transformers, and a doubling of the picture.
struct UpBlock {
  let resnets: [Resnet]
  let attentions: [Transformer]
  let upsampler: Convolution?

  var adaptable: [AdaptableWeight] {
    attentions.flatMap(\.adaptable) + resnets.flatMap(\.adaptable) + (upsampler?.adaptable ?? [])
  }

  func callAsFunction(_ hidden: inout Tensor, _ skips: inout [Tensor], _ pass: Pass) {
    for (index, resnet) in resnets.enumerated() {
      hidden = pass.resnet(resnet, hidden.concatenated(skips.removeLast()))
      if !attentions.isEmpty { hidden = pass.transformer(attentions[index], hidden) }
    }
    if let upsampler, let next = skips.last {
      // To the next skip's extent: twice as large, or one less where the way down rounded up.
      let (height, width) = (next.shape.extents[1], next.shape.extents[2])
      hidden = upsampler(hidden.upsampled(height: height, width: width), pass.adapters)
    }
  }
}

/// Turns timesteps (and SDXL's pooled text and sizes) to what resnets add.
struct TimeEmbedding {
  let width: Int
  let first: Linear
  let second: Linear
  let added: (first: Linear, second: Linear, sizeWidth: Int)?

  /// SiLU of the embedding, [b, 4·width].
  func callAsFunction(_ inputs: UNetInputs) -> Tensor {
    let type = inputs.latents.elementType
    let waves = inputs.timesteps.sinusoids(width: width, elementType: type)
    let hidden = first(waves, nil).activated(.silu)
    guard let added, let pooled = inputs.pooled, let ids = inputs.timeIDs else {
      precondition(added == nil, "SDXL takes pooled text and six numbers a sample")
      return second(hidden, nil).activated(.silu)
    }
    let samples = ids.shape.extents[0]
    let sizes = ids.reshaped([ids.count]).sinusoids(width: added.sizeWidth, elementType: type)
    let conditions = pooled.concatenated(
      sizes.reshaped([samples, sizes.count / max(1, samples)]))
    let addend = added.second(added.first(conditions, nil).activated(.silu), nil)
    return second(hidden, adding: addend, nil).activated(.silu)
  }
}
