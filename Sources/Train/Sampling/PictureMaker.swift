import CommandSupport
import Compute
import Diffusion
import Images
import Names
import Tensors

/// Draws pictures with a model and adapters.
struct PictureMaker {
  let unet: UNet
  let vae: VAE
  let text: TextConditioner
  let kind: PretrainedModel.Kind
  let prediction: Prediction
  let backend: any Backend

  /// Draws one picture.
  ///
  /// Throws `Interrupted` between two steps where the user wants an end.
  ///
  /// - Parameters:
  ///   - seed: The same seed and size start from the same noise, whatever else is asked for.
  ///   - window: The steps in which the adapters are on; the model draws the others alone.
  ///   - progress: Called after each step with the number of steps done.
  func picture(
    of prompt: SamplePrompt, seed: UInt32, adapters: DeviceAdapters?,
    during window: StepWindow = StepWindow(), spacing: NoiseGrid.Spacing? = nil,
    progress: (Int) -> Void = { _ in }
  ) throws -> Picture {
    let on = window.steps(of: prompt.steps)
    let parts = StepWindow.parts(of: [window], steps: prompt.steps).map { steps in
      DrawingPart(steps: steps) {
        try network(for: prompt, on.contains(steps.lowerBound) ? adapters : nil)
      }
    }
    return try canvas.picture(
      of: prompt, seed: seed, by: parts, spacing: spacing, progress: progress)
  }

  /// The latent of a picture that the model draws alone: scaled, `[1, height, width, 4]`.
  func latents(of prompt: SamplePrompt, seed: UInt32) throws -> [Float] {
    let all = DrawingPart(steps: 0..<prompt.steps) { try network(for: prompt, nil) }
    return try canvas.latents(of: prompt, seed: seed, by: [all], spacing: nil) { _ in }
  }

  /// Draws by whatever network.
  var canvas: Canvas { Canvas(vae: vae, prediction: prediction, backend: backend) }

  /// What SDXL is told of pictures that are neither resized nor cropped, `[count, 6]`; nil for others.
  func timeIDs(of size: PixelSize, count: Int = 1) -> Tensor? {
    guard kind == .sdxl else { return nil }
    let (height, width) = (Float(size.height), Float(size.width))
    let sizes = [height, width, 0, 0, height, width]
    return Tensor((0..<count).flatMap { _ in sizes }, shape: [count, 6], on: backend)
  }

  /// The prediction for a latent, moved away from that for the negative prompt.
  ///
  /// A change of the model's text encoders reaches it too: the text is read here.
  func network(
    for prompt: SamplePrompt, _ adapters: DeviceAdapters?
  ) throws -> DrawingPart.Network {
    let shape = canvas.shape(of: prompt)
    let forText = adapters.flatMap { $0.changesText ? $0 : nil }
    let (context, pooled) = try text.state(of: [prompt.prompt], adapters: forText)
    let isGuided = prompt.scale > 1 && prompt.prompt != prompt.negativePrompt
    let negative = isGuided ? try text.state(of: [prompt.negativePrompt], adapters: forText) : nil
    let timeIDs = timeIDs(of: PixelSize(width: prompt.width, height: prompt.height))
    func predict(
      _ latents: [Float], _ timestep: Float, _ context: Tensor, _ pooled: Tensor?
    ) -> [Float] {
      unet.prediction(
        of: UNetInputs(
          latents: Tensor(latents, shape: shape, on: backend),
          timesteps: Tensor([timestep], shape: [1], on: backend), context: context,
          pooled: pooled, timeIDs: timeIDs),
        adapters: adapters
      ).values()
    }
    return { latents, timestep in
      try Interruption.check()
      let wanted = predict(latents, timestep, context, pooled)
      guard let negative else { return wanted }
      let other = predict(latents, timestep, negative.context, negative.pooled)
      return guided(wanted, awayFrom: other, scale: Float(prompt.scale))
    }
  }
}

/// Some steps of a picture and the network that draws them.
struct DrawingPart {
  /// The prediction for a latent at a timestep.
  typealias Network = ([Float], Float) throws -> [Float]

  let steps: Range<Int>

  /// Makes the network when the first of the steps begins.
  let network: () throws -> Network
}

/// Makes noise a picture by networks that are given, one after another.
struct Canvas {
  let vae: VAE
  let prediction: Prediction
  let backend: any Backend

  /// The latent of a picture: [1, height, width, channels].
  func shape(of prompt: SamplePrompt) -> Shape {
    let factor = vae.configuration.downscaling
    return [1, prompt.height / factor, prompt.width / factor, LatentShape.channels]
  }

  /// Draws one picture.
  ///
  /// - Parameter parts: They cover all steps, in order. The network of one is let go before that of
  ///   the next is made, so that only one model is held.
  func picture(
    of prompt: SamplePrompt, seed: UInt32, by parts: [DrawingPart],
    spacing: NoiseGrid.Spacing?, progress: (Int) -> Void
  ) throws -> Picture {
    let latents = try latents(
      of: prompt, seed: seed, by: parts, spacing: spacing, progress: progress)
    let decoded = vae.decode(Tensor(latents, shape: shape(of: prompt), on: vae.backend))
    let picture = Picture(
      decoded: decoded.values(), width: prompt.width, height: prompt.height)
    try backend.check()
    return picture
  }

  /// The same before the VAE decodes it.
  func latents(
    of prompt: SamplePrompt, seed: UInt32, by parts: [DrawingPart],
    spacing: NoiseGrid.Spacing?, progress: (Int) -> Void
  ) throws -> [Float] {
    let count = shape(of: prompt).elementCount ?? 0
    var rest = parts[...]
    var network: DrawingPart.Network?
    var step = 0
    let sampler = Sampler(
      prompt.sampler, steps: prompt.steps, spacing: spacing, predicting: prediction)
    return try sampler.sample(
      from: normals(.samplerStart, 0, seed, count),
      noise: { normals(.samplerNoise, $0, seed, count) },
      network: { latents, timestep in
        if let next = rest.first, next.steps.lowerBound == step {
          network = nil
          network = try next.network()
          rest.removeFirst()
        }
        step += 1
        guard let network else { preconditionFailure("no network draws step \(step)") }
        return try network(latents, timestep)
      }, progress: progress)
  }

  private func normals(
    _ purpose: DrawStream.Purpose, _ step: Int, _ seed: UInt32, _ count: Int
  ) -> [Float] {
    DrawStream(seed: UInt64(seed), purpose: purpose, step: step).generator.normals(count: count)
  }
}

extension PictureMaker {
  /// A maker with the model of a job that trains on pictures.
  ///
  /// - Parameter unet: In place of the job's, whose weights may be changed.
  init(_ job: TrainingJob, unet: UNet? = nil) throws(TrainingError) {
    guard let text = job.text, let vae = job.vae else {
      throw .unsupported("--replay draws no pictures; drop --sample-every")
    }
    self.init(
      unet: unet ?? job.unet, vae: vae, text: text, kind: job.kind,
      prediction: job.plan.loss.prediction, backend: job.backend)
  }
}

extension DeviceAdapters {
  /// Whether layers of a text encoder are among the adapted.
  fileprivate var changesText: Bool {
    modules.modules.contains { $0.layer.name.target.network != .denoiser }
  }
}

extension Picture {
  /// - Parameter values: About −1 … 1, `[height, width, 3]`; what lies beyond is cut off.
  init(decoded values: [Float], width: Int, height: Int) {
    let bytes = values.map { value in
      let level = min(1, max(0, value / 2 + 0.5)) * 255
      return level.isNaN ? 0 : UInt8(level.rounded())
    }
    self.init(width: width, height: height, bytes: bytes)
  }
}

extension PretrainedModel.Kind {
  /// The side of the pictures that the published models of this kind were trained on, in pixels.
  func usualSide(predictsVelocity: Bool) -> Int {
    switch self {
    case .sd1: 512
    case .sd2: predictsVelocity ? 768 : 512
    case .sdxl: 1024
    }
  }
}

extension PretrainedModel {
  /// The size of the pictures that the model was made for: what its configuration says, else that of
  /// its kind.
  func usualSize(_ options: ModelOptions) throws -> PixelSize {
    let side =
      try pictureSide()
      ?? kind.usualSide(predictsVelocity: options.vParameterization || predictsVelocity == true)
    return PixelSize(width: side, height: side)
  }
}

/// A side of a picture in pixels; one latent covers eight.
enum PictureSide {
  static let multiple = 8
  static let most = 16384

  /// Throws where a side in the domain is no multiple, and names those beside it.
  static func check(_ side: Int, _ key: String) throws(OptionsError.Reason) {
    guard side % multiple != 0 else { return }
    let lower = side / multiple * multiple
    throw .wrongType(
      key, wanted: "a multiple of \(multiple) from \(multiple) to \(most)",
      found: "\(side); give \(lower) or \(lower + multiple)")
  }
}
