import ArgumentParser
import Diffusion
import Foundation
import Images
import LinearAlgebra
import TestSupport

@testable import Train

/// Training runs on a network of 8 channels (`fixtures/train/tiny-model`), a step a few milliseconds.
struct TinyRun {
  static let model = Fixtures.path("train/tiny-model")

  /// In the shape of SDXL, without a VAE.
  static let modelXL = Fixtures.path("train/tiny-xl")
  static let tokenizer = Fixtures.path("paperdoll/model/tokenizer")
  static let canRun = Processor.unsupportedReason == nil

  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// A picture of random colours, of the size that is trained on.
  @discardableResult
  func picture(
    _ name: String = "picture.png", alpha: UInt8? = nil, changed: Int = 0
  ) throws -> String {
    let channels = alpha == nil ? 3 : 4
    let bytes = (0..<16 * 16 * channels).map { index in
      if let alpha, index % 4 == 3 { return alpha }
      if index < changed { return 255 }
      return UInt8(truncatingIfNeeded: index * 37 ^ index >> 3)
    }
    let picture = Picture(width: 16, height: 16, channels: channels, bytes: bytes)
    return try folder.write(picture.png(), to: name)
  }

  /// The arguments of a run of some steps on one picture, with more behind them.
  func arguments(steps: Int, _ more: [String] = []) throws -> [String] {
    [
      "--model", Self.model, "--tokenizer", Self.tokenizer, "--resolution", "16",
      "--image", try picture(), "--max-train-steps", "\(steps)", "--seed", "7",
      "--network-dim", "2", "-o", folder["a.st"],
    ] + more
  }

  func job(
    steps: Int, _ more: [String] = [], pairs: (recipe: DirectRecipe, afters: [String])? = nil,
    on device: ComputeDevice = ComputeDevice(threads: 1)
  ) throws -> TrainingJob {
    let options = try TrainingOptions.parse(arguments(steps: steps, more))
    let pairs = try pairs.map { recipe, afters in
      let size = PixelSize(width: 16, height: 16)
      return (
        recipe: recipe,
        pairs: try zip(options.run.image, afters).map {
          try PicturePair(before: $0, after: $1, options, resolution: size)
        }
      )
    }
    return try TrainingJob(options, pairs: pairs, device: device, environment: { _ in nil })
  }

  /// The weights before a run and after it, and the losses of its steps.
  func trained(
    steps: Int, _ more: [String] = [], pairs: (recipe: DirectRecipe, afters: [String])? = nil,
    on device: ComputeDevice = ComputeDevice(threads: 1)
  ) throws -> (job: TrainingJob, before: [Float], after: [Float], losses: [Double]) {
    let job = try job(steps: steps, more, pairs: pairs, on: device)
    let loop = try TrainingLoop(job)
    let before = loop.weights
    let losses = try (0..<steps).map { _ in try loop.step().loss }
    return (job, before, loop.weights, losses)
  }
}
