import ArgumentParser
import Compute
import ComputeCPU
import Images
import TestSupport
import Testing

@testable import Datasets
@testable import Train

/// What a dry run counts is what the run then takes.
@Suite(.enabled(if: TinyRun.canRun, "this processor lacks what the program needs"))
struct RehearsalTests {
  static let runs: [(resolution: String, more: [String])] = [
    ("64", []), ("128", []), ("128x192", []), ("256", []), ("128", ["--train-batch-size", "3"]),
    ("128", ["--gradient-checkpointing"]), ("128", ["--network-train-unet-only"]),
    ("128", ["--network-args", "conv_dim=4"]), ("128", ["--optimizer-type", "Prodigy"]),
    ("128", ["--gradient-accumulation-steps", "2"]), ("64", ["--network-dim", "64"]),
  ]

  @Test(arguments: runs)
  func countsWhatARunTakes(_ example: (resolution: String, more: [String])) throws {
    let folder = try TemporaryFolder()
    let options = try TrainingOptions.parse(
      [
        "--model", Fixtures.path("paperdoll/model"), "--image",
        Fixtures.path("paperdoll/small-head.png"), "--resolution", example.resolution,
        "--max-train-steps", "6", "--seed", "1", "-o", folder["a.st"],
      ] + example.more)
    let rehearsal = try Rehearsal(
      options, device: ComputeDevice(threads: 1), environment: { _ in nil })
    // A device of its own: the memory that it keeps is that of this run alone.
    let device = ComputeDevice(threads: 1)
    let job = try TrainingJob(options, device: device, environment: { _ in nil })
    let loop = try TrainingLoop(job)
    try job.source.prepare {}
    for _ in 0..<3 { _ = try loop.step() }
    let ratio = Double(rehearsal.tensorByteCount) / Double(device.backend.heldByteCount)
    #expect(
      (0.8...1.2).contains(ratio),
      "counted \(rehearsal.tensorByteCount), taken \(device.backend.heldByteCount)")
    #expect(rehearsal.memoryByteCount > rehearsal.tensorByteCount)
    #expect(try folder.names() == [])
  }

  @Test func nothingIsWrittenBesideThePictures() throws {
    let run = try TinyRun()
    _ = try Rehearsal(
      TrainingOptions.parse(
        run.arguments(
          steps: 3,
          [
            "--cache-latents-to-disk", "--cache-text-encoder-outputs-to-disk",
            "--network-train-unet-only", "--sample-every", "1",
          ])), draws: true, device: ComputeDevice(threads: 1), environment: { _ in nil })
    #expect(try run.folder.names() == ["picture.png"])
  }

  /// One batch of each size is gone through, the largest.
  @Test func everySizeIsRehearsed() throws {
    let folder = try TemporaryFolder()
    for (name, width, height) in [
      ("2_a/1.png", 128, 128), ("1_a/2.png", 256, 128), ("1_a/3.png", 256, 128),
      ("1_a/4.png", 64, 256),
    ] {
      try folder.addPicture(name, width, height)
    }
    var warnings: [String] = []
    let subsets = try ImageFolder.subsets(
      in: folder.path, like: DatasetConfiguration.Subset(source: .files([])), warnings: &warnings)
    let data = try TrainingData(
      DatasetConfiguration(datasets: [
        DatasetConfiguration.Dataset(
          resolution: PixelSize(width: 128, height: 128), batchSize: 2, enableBucket: true,
          minBucketReso: 64, maxBucketReso: 256, subsets: subsets)
      ]))
    let batches = data.largestBatches(epoch: 1, seed: 1)
    #expect(batches.count == data.datasets[0].buckets.count)
    #expect(Set(batches.map(data.size)) == Set(data.datasets[0].buckets.map(\.size)))
    #expect(
      batches.map(\.count) == data.datasets[0].buckets.map { min(2, $0.pictures.count) })
  }

  /// The room that saves take is known before the first one.
  @Test(arguments: [
    [], ["--save-every-n-steps", "2"], ["--save-every-n-steps", "1", "--save-state"],
    ["--save-every-n-steps", "1", "--save-last-n-steps", "2", "--save-state"],
    ["--save-state-on-train-end", "--optimizer-type", "Prodigy"],
    ["--save-state-on-train-end", "--optimizer-type", "Lion", "--save-precision", "fp16"],
    ["--save-state-on-train-end", "--optimizer-type", "AdaFactor"],
  ])
  func savesAreAsLargeAsForeseen(_ more: [String]) throws {
    let run = try TinyRun()
    let job = try run.job(steps: 6, more + ["--network-train-unet-only", "--network-dim", "8"])
    #expect(try TrainingSession(job, quiet: true).run().isFinished)
    func size(_ name: String) throws -> Int {
      guard name.hasSuffix("-state") else { return try run.folder.bytes(name).count }
      return try ["state.json", "state.safetensors"].reduce(0) {
        $0 + (try run.folder.bytes("\(name)/\($1)").count)
      }
    }
    let written = try run.folder.names().filter { $0.hasPrefix("a") }.map(size).reduce(0, +)
    let foreseen = job.savedByteCount
    #expect(foreseen >= written)
    // Two steps' saves more are there for a moment, where old ones are removed.
    #expect(Double(foreseen) < 1.6 * Double(written), "\(foreseen), written \(written)")
  }

  @Test func captionsAreReadBeforeTheRun() throws {
    let run = try TinyRun()
    let data = try TemporaryFolder()
    try data.addPicture("1_girl/a.png", 16, 16)
    // A model without a tokenizer: its folder is not the one that is beside the fixture's.
    let arguments = [
      "--model", TinyRun.model, "--data", data.path, "--resolution", "16", "--max-train-steps", "2",
      "-o", run.folder["a.st"],
    ]
    #expect(throws: (any Error).self) {
      try Rehearsal(
        TrainingOptions.parse(arguments), device: ComputeDevice(threads: 1),
        environment: { _ in nil })
    }
    _ = try Rehearsal(
      TrainingOptions.parse(arguments + ["--tokenizer", TinyRun.tokenizer]),
      device: ComputeDevice(threads: 1), environment: { _ in nil })
  }

  @Test func reportShowsOwnSettingsFirst() throws {
    let run = try TinyRun()
    let report = TrainingReport(try run.job(steps: 3))
    #expect(report.memoryBytes == nil)
    #expect(
      Set(report.ownSettings) == [
        "pretrained_model_name_or_path", "image", "output", "resolution", "network_dim",
        "max_train_steps", "seed", "tokenizer",
      ])
    let parts = report.text.split(separator: "\n\n")
    #expect(parts[1].hasPrefix("set:\n  image = "))
    #expect(parts[2].hasPrefix("by default:\n"))
    #expect(!parts[2].contains("max_train_steps"))
  }
}
