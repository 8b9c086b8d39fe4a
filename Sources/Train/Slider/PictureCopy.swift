import CommandSupport
import Compute
import Datasets
import Diffusion
import Images
import Tensors

/// An adapter that was trained on one picture, and what it has become.
struct PictureCopy {
  let adapter: TrainedAdapter

  /// The picture as it was trained on: resized and cropped.
  let picture: Picture

  /// Pictures that the model draws without the adapter, one per seed of the check.
  let untouched: [Picture]

  /// nil where the user wanted an end before it was made.
  let check: CopyCheck?
}

extension PictureCopy {
  /// Looks at what an adapter trained by a job draws without a prompt.
  ///
  /// - Parameters:
  ///   - file: The picture that it was trained on.
  ///   - untouched: What the model draws without any copy, where that is known.
  init(
    _ adapter: TrainedAdapter, of file: String, _ job: TrainingJob, untouched: [Picture]?,
    quiet: Bool
  ) throws {
    let maker = try PictureMaker(job)
    let picture = try job.firstPicture()
    let prompt = SamplePrompt(picture.size)
    let adapters = DeviceAdapters(
      adapter.modules, values: adapter.values, on: job.backend)
    let known = untouched.flatMap { $0.first?.size == picture.size ? $0 : nil }
    let progress = Progress(
      "checking the copy",
      total: (known == nil ? 2 : 1) * CopyCheck.seeds.count * prompt.steps, quiet: quiet)
    defer { progress.finish() }
    func drawn(_ adapters: DeviceAdapters?) throws -> [Picture] {
      try CopyCheck.seeds.map {
        try maker.picture(of: prompt, seed: $0, adapters: adapters) { _ in progress.advance() }
      }
    }
    func distance(_ pictures: [Picture]) -> PictureDistance {
      PictureDistance(meanOf: pictures.map { PictureDistance(from: picture, to: $0) })
    }
    self.adapter = adapter
    self.picture = picture
    do {
      let alone = try known ?? drawn(nil)
      check = CopyCheck(
        picture: file, distance: distance(try drawn(adapters)), start: distance(alone),
        limit: PictureDistance(from: picture, to: maker.restored(picture)))
      self.untouched = alone
    } catch is Interrupted {
      (self.untouched, check) = ([], nil)
    }
  }
}

extension PictureMaker {
  /// The picture as the VAE gives it back.
  func restored(_ picture: Picture) -> Picture {
    let values = Tensor(
      picture.signedValues, shape: [1, picture.height, picture.width, 3], on: vae.backend)
    let mean = vae.encode(values).mean
    let latents = mean.values().map { $0 * vae.configuration.scalingFactor }
    let decoded = vae.decode(Tensor(latents, shape: mean.shape, on: vae.backend))
    return Picture(decoded: decoded.values(), width: picture.width, height: picture.height)
  }
}

extension SamplePrompt {
  /// The empty prompt at the size of pictures that were trained on, in few steps.
  init(_ size: PixelSize) {
    self.init(steps: 20)
    (width, height) = (size.width, size.height)
  }
}

extension TrainingJob {
  /// The first picture as it is trained on.
  fileprivate func firstPicture() throws -> Picture {
    let seed = UInt64(plan.seed)
    guard let data, let sample = data.batches(epoch: 1, seed: seed).first?.first else {
      throw TrainingError.unsupported("there is no picture to compare with")
    }
    let size = data.picture(of: sample).choice.bucket
    let prepared = try data.prepare(sample, data.placement(of: sample, seed: seed))
    return Picture(decoded: prepared.values, width: size.width, height: size.height)
  }
}
