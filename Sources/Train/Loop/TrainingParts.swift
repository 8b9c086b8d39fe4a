import Compute
import Diffusion
import Files
import FoundationEssentials
import Images
import TOML

/// What a run on pictures needs beside the U-Net; nothing for a `--replay`.
struct TrainingParts {
  let data: TrainingData?
  let text: TextConditioner?
  let vae: VAE?

  init(
    _ model: PretrainedModel, _ options: TrainingOptions, resolution: PixelSize,
    on device: ComputeDevice, _ environment: (String) -> String?, warnings: inout [String]
  ) throws {
    guard options.machine.replay == nil else {
      (data, text, vae) = (nil, nil, nil)
      return
    }
    data = try TrainingData(
      Self.configuration(options, resolution: resolution, warnings: &warnings))
    text = try TextConditioner(
      try Self.textEncoders(model, options, on: device),
      try Tokenizer(
        path: options.model.tokenizer, environment: environment("LORA_TOKENIZER"),
        besideModel: model.path), kind: model.kind, clipSkip: options.model.clipSkip,
      maximumTokens: options.model.maxTokenLength,
      at: options.origins.place(of: ["clip_skip"]), on: device.backend)
    try text?.check(data?.wholeCaptions ?? [])
    vae =
      try options.model.vae.map { try VAE(path: $0, for: model.kind, on: device.exact) }
      ?? model.vae(on: device.exact)
  }

  /// - Parameter change: What is done to their tensors.
  static func textEncoders(
    _ model: PretrainedModel, _ options: TrainingOptions, on device: ComputeDevice,
    changing change: TensorChange? = nil
  ) throws -> [TextEncoder] {
    try model.textEncoders(
      on: options.network.networkTrainUnetOnly ? device.exact : device.backend, changing: change)
  }

  private static func configuration(
    _ options: TrainingOptions, resolution: PixelSize, warnings: inout [String]
  ) throws -> DatasetConfiguration {
    guard let path = options.data.datasetConfig else {
      return try DatasetConfiguration(options, resolution: resolution, warnings: &warnings)
    }
    let reader = DatasetConfigurationReader(file: path, options: options, resolution: resolution)
    let bytes = try readBytes(path)
    return try reader.read(
      path.hasSuffix(".json")
        ? TOMLTable(json: bytes, file: path) : TOMLTable(bytes, file: path), warnings: &warnings)
  }

  /// The batches of the run; its captions are encoded for good where they never change.
  func source(
    _ plan: TrainingPlan, _ options: TrainingOptions, kind: PretrainedModel.Kind,
    on backend: any Backend
  ) throws -> PictureSource {
    guard let data, let text, let vae else { throw TrainingError.noModel }
    if !plan.network.trainsTextEncoders, let captions = data.constantCaptions {
      let files = options.data.cacheTextEncoderOutputsToDisk ? data.captionFiles() : [:]
      try text.encode(captions) { files[$0] }
      if options.samples.isUnused { text.releaseEncoders() }
    }
    return PictureSource(
      data, vae, text, kind: kind,
      PictureSource.Settings(
        seed: plan.seed, stepCount: plan.steps, priorWeight: options.loss.priorLossWeight,
        keepsLatents: options.data.cacheLatents || options.data.cacheLatentsToDisk,
        keepsFiles: options.data.cacheLatentsToDisk), on: backend)
  }
}

extension SampleOptions {
  /// Whether no pictures are drawn while training.
  var isUnused: Bool {
    sampleEveryNSteps == nil && sampleEveryNEpochs == nil && !sampleAtFirst
  }
}

/// All bytes of a small file, decompressed: of settings, prompts, a picture.
func readBytes(_ path: String) throws(FileError) -> [UInt8] {
  try MappedFile(path: path, atMost: 64 << 20).withBytes { bytes in
    unsafe bytes.withUnsafeBytes { unsafe Array($0) }
  }
}

func base64(_ bytes: [UInt8]) -> String { Data(bytes).base64EncodedString() }
