import ArgumentParser
import Foundation
import Images
import TestSupport
import Testing

@testable import Train

/// `--cache-latents-to-disk` and `--cache-text-encoder-outputs-to-disk`.
@Suite(.enabled(if: TinyRun.canRun, "this processor lacks what the program needs"))
struct KeptEncodingTests {
  static let options = [
    "--cache-latents-to-disk", "--cache-text-encoder-outputs-to-disk",
    "--network-train-unet-only", "--flip-aug", "--learning-rate", "0.001",
  ]
  static let files = [
    "picture.png-16x16-mirrored.latents", "picture.png-16x16.latents",
    "picture.png.caption-states",
  ]

  /// The weights after a run as a user has it.
  private func weights(_ run: TinyRun, _ more: [String]) throws -> [Float] {
    let session = try TrainingSession(run.job(steps: 3, more), quiet: true)
    #expect(try session.run().isFinished)
    return session.loop.weights
  }

  private func kept(_ run: TinyRun) throws -> [String] {
    try run.folder.names().filter { $0.hasPrefix("picture.png") && $0 != "picture.png" }
  }

  @Test func runsWithAndWithoutFilesAreOne() throws {
    let run = try TinyRun()
    let memory = Self.options.map { $0.replacing("-to-disk", with: "") }
    let plain = try weights(run, memory)
    #expect(try kept(run) == [])
    #expect(try weights(run, Self.options) == plain)
    #expect(try kept(run) == Self.files)
    let before = try Self.files.map(run.folder.bytes)
    #expect(try weights(run, Self.options) == plain)
    #expect(try Self.files.map(run.folder.bytes) == before)
  }

  /// What lies in the files is used: zeros in the place of the means change the run.
  @Test func filesAreUsed() throws {
    let run = try TinyRun()
    let plain = try weights(run, Self.options)
    for file in Self.files.prefix(2) { try Self.clear("mean", in: file, of: run.folder) }
    #expect(try weights(run, Self.options) != plain)
  }

  @Test func damagedFileIsWrittenAgain() throws {
    let run = try TinyRun()
    let plain = try weights(run, Self.options)
    for file in Self.files {
      try run.folder.write(run.folder.bytes(file).dropLast(100), to: file)
    }
    #expect(try weights(run, Self.options) == plain)
    #expect(try run.folder.bytes(Self.files[0]).count == run.folder.bytes(Self.files[1]).count)
  }

  @Test func anotherPictureAndAnotherVAEAreNoticed() throws {
    let run = try TinyRun()
    let first = try weights(run, Self.options)
    let before = try Self.files.map(run.folder.bytes)
    // Another VAE: the encoder's first layer is another.
    let model = run.folder["other"]
    try FileManager.default.copyItem(atPath: TinyRun.model, toPath: model)
    let file = "other/vae/diffusion_pytorch_model.safetensors"
    try Self.clear("encoder.conv_in.bias", in: file, of: run.folder)
    #expect(try weights(run, Self.options + ["--vae", model]) != first)
    #expect(try run.folder.bytes(Self.files[1]) != before[1])
    #expect(try run.folder.bytes(Self.files[2]) == before[2])
    // Another picture under the old name.
    #expect(try weights(run, Self.options) == first)
    var options = try TrainingOptions.parse(run.arguments(steps: 3, Self.options))
    let white = Picture(width: 16, height: 16, filledWith: .white)
    options.run.image = [try run.folder.write(white.png(), to: "picture.png")]
    let job = try TrainingJob(options, device: ComputeDevice(threads: 1), environment: { _ in nil })
    let session = try TrainingSession(job, quiet: true)
    #expect(try session.run().isFinished)
    #expect(session.loop.weights != first)
  }

  /// Sets the bytes of a tensor to zero.
  private static func clear(_ name: String, in file: String, of folder: TemporaryFolder)
    throws
  {
    var bytes = try folder.bytes(file)
    let length = bytes.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
    let header = try JSONSerialization.jsonObject(with: Data(bytes[8..<8 + length]))
    let entry = try #require((header as? [String: Any])?[name] as? [String: Any])
    let offsets = try #require(entry["data_offsets"] as? [Int])
    for index in offsets[0]..<offsets[1] { bytes[8 + length + index] = 0 }
    try folder.write(bytes, to: file)
  }
}
