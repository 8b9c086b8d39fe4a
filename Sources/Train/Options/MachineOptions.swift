import ArgumentParser
import Diffusion
import Files

/// The device of a run, and its log.
struct MachineOptions: ParsableArguments {
  @Option(help: .usual("Where to compute.", "name")) var device = DeviceChoice.auto

  @Option(
    help: .usual(
      "Numbers of the base model while training. (default: bf16 on a GPU that has it, else fp16; no on the CPU)",
      "type"))
  var mixedPrecision: MixedPrecision?

  @Flag(help: .usual("Compute activations twice and keep fewer.")) var gradientCheckpointing = false

  @Flag(help: .rare("Train in fp16 throughout; needs --mixed-precision fp16.")) var fullFp16 = false

  @Flag(help: .rare("Train in bf16 throughout; needs --mixed-precision bf16.")) var fullBf16 = false

  @Option(
    help: .usual("Take batches and noise from a safetensors file.", "file"), completion: .file())
  var replay: String?

  @Option(help: .usual("Write one JSON object a step.", "file"), completion: .file()) var log:
    String?

  @Option(
    help: .rare("Folder for that file, named after the result.", "folder"), completion: .directory)
  var loggingDir: String?

  @Option(help: ArgumentHelp(visibility: .private)) var randomWeights: String?

  @Flag(help: .usual("Say what would be done, and stop.")) var dryRun = false

  @Flag(help: .rare("Write the options that differ from the defaults to --config, and stop."))
  var outputConfig = false
}

extension PretrainedModel {
  /// The model at a path, or one of made-up weights, for measurements.
  ///
  /// - Parameter random: `sd15` or `sdxl`.
  init(path: String?, random: String?) throws {
    guard let random else {
      guard let path else { throw TrainingError.noModel }
      try self.init(path: path)
      return
    }
    guard let model = PretrainedModel(random: random) else {
      throw TrainingError.unsupported("--random-weights takes sd15 or sdxl, not \(random)")
    }
    self = model
  }
}

extension MachineOptions {
  /// The device that the options ask for.
  func computeDevice(threads: Int) throws -> ComputeDevice {
    try ComputeDevice(
      device, precision: mixedPrecision, threads: threads, environment: environment)
  }
}
