import Compute
import Datasets
import Diffusion
import Files
import Images
import Tensors

/// The distribution of a picture's unscaled latent, and its mask.
struct Posterior {
  let mean: [Float]
  let logVariance: [Float]
  let mask: [Float]?
}

/// The latents of pictures; each is encoded once, unless it is cropped elsewhere at each use.
final class LatentStore {
  private let data: TrainingData
  private let vae: VAE
  private let backend: any Backend

  /// The latent of a fixed picture, where latents are kept on disk.
  private let answer: [Float]?
  private var known: [LatentsKey: Posterior] = [:]

  /// - Parameter keepsFiles: Whether latents are kept beside their pictures, for later runs.
  init(_ data: TrainingData, _ vae: VAE, keepsFiles: Bool, on backend: any Backend) {
    self.data = data
    self.vae = vae
    self.backend = backend
    answer = keepsFiles && data.hasConstantPixels ? Self.answer(of: vae, on: backend) : nil
  }

  /// The pictures that `encodeAll` encodes, mirrored ones included.
  var pictureCount: Int { data.hasConstantPixels ? data.everyPlacement.count : 0 }

  /// Encodes all pictures, so that what is wrong with one is found before the first step.
  func encodeAll(progress: () -> Void) throws {
    guard data.hasConstantPixels else { return }
    for (sample, placement) in data.everyPlacement {
      _ = try posterior(of: sample, placement)
      progress()
    }
  }

  func posterior(of sample: TrainingData.Sample, _ placement: Placement) throws -> Posterior {
    let key = data.latentsKey(of: sample, placement)
    if let known = known[key] { return known }
    let kept = try answer.map { try self.kept(key, sample, $0) }
    if let posterior = kept?.posterior(of: key, vae.configuration.downscaling) {
      known[key] = posterior
      return posterior
    }
    let posterior = try encoded(key, sample)
    // Random crops are seldom the same twice.
    if data.hasConstantPixels { known[key] = posterior }
    try kept?.write(posterior)
    return posterior
  }

  private func encoded(_ key: LatentsKey, _ sample: TrainingData.Sample) throws -> Posterior {
    let prepared = try data.prepare(sample, key.placement)
    let picture = Tensor(
      prepared.values, shape: [1, key.bucket.height, key.bucket.width, 3], on: backend)
    let encoded = vae.encode(picture)
    let factor = vae.configuration.downscaling
    let posterior = Posterior(
      mean: encoded.mean.values(), logVariance: encoded.logVariance.values(),
      mask: prepared.mask?.reduced(
        toWidth: key.bucket.width / factor, height: key.bucket.height / factor
      ).values)
    try backend.check()
    guard posterior.mean.allSatisfy(\.isFinite), !posterior.logVariance.contains(where: \.isNaN)
    else { throw TrainingError.latents(file: key.file) }
    return posterior
  }

  /// The file of a picture's latent: `a.png-512x512.latents`, `a.png-512x512-mirrored.latents`.
  private func kept(
    _ key: LatentsKey, _ sample: TrainingData.Sample, _ answer: [Float]
  ) throws -> KeptEncoding {
    let picture = try MappedFile(path: key.file).sha256(from: 0)
    let mask = try data.picture(of: sample).mask.map { try MappedFile(path: $0).sha256(from: 0) }
    let weighs = data.subset(of: sample).alphaMask
    let mirrored = key.placement.isFlipped ? "-mirrored" : ""
    return KeptEncoding(
      path: "\(key.file)-\(key.bucket.width)x\(key.bucket.height)\(mirrored).latents",
      key: """
        \(picture) as \(key.resized.width)x\(key.resized.height) by \
        \(key.interpolation?.rawValue ?? "size") from \(key.placement.left),\(key.placement.top)\
        , mask \(mask ?? (weighs ? "alpha" : "none"))\
        , over \(key.background?.description ?? "nothing")
        """, answer: answer)
  }

  private static func answer(of vae: VAE, on backend: any Backend) -> [Float] {
    let side = 8 * vae.configuration.downscaling
    let values = (0..<side * side * 3).map { Float($0 * 37 % 255) / 127.5 - 1 }
    return vae.encode(Tensor(values, shape: [1, side, side, 3], on: backend)).mean.values()
  }
}

extension KeptEncoding {
  /// The latent's distribution, if it is there whole.
  fileprivate func posterior(of key: LatentsKey, _ downscaling: Int) -> Posterior? {
    let pixels = key.bucket.width / downscaling * (key.bucket.height / downscaling)
    guard let lists = read(), let mean = lists["mean"], let logVariance = lists["log_variance"],
      mean.count == pixels * LatentShape.channels, logVariance.count == mean.count,
      lists["mask"].map({ $0.count == pixels }) ?? true
    else { return nil }
    return Posterior(mean: mean, logVariance: logVariance, mask: lists["mask"])
  }

  fileprivate func write(_ posterior: Posterior) throws {
    try write(
      [("mean", posterior.mean), ("log_variance", posterior.logVariance)]
        + (posterior.mask.map { [("mask", $0)] } ?? []))
  }
}
