import Compute
import Datasets
import Diffusion
import Files
import FoundationEssentials
import Images
import TOML

/// The parts of a run on pictures beside the U-Net; none for a `--replay`.
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
    let bytes = try readFile(path, atMost: settingsLimit)
    return try reader.read(
      path.hasSuffix(".json")
        ? TOMLTable(json: bytes, file: path) : TOMLTable(bytes, file: path), warnings: &warnings)
  }

  /// The batches of the run; its captions are encoded for good where they never change.
  func source(
    _ plan: TrainingPlan, kind: PretrainedModel.Kind, on backend: any Backend
  ) throws -> PictureSource {
    guard let data, let text, let vae else { throw TrainingError.noModel }
    if !plan.network.trainsTextEncoders, let captions = data.constantCaptions {
      let files = plan.caches.captionFiles ? data.captionFiles() : [:]
      try text.encode(captions) { files[$0] }
      if plan.samples == nil { text.releaseEncoders() }
    }
    return PictureSource(data, vae, text, kind: kind, plan, on: backend)
  }
}

/// The most bytes that files of settings, of prompts and of a thumbnail may have.
let settingsLimit = 64 << 20

func base64(_ bytes: [UInt8]) -> String { Data(bytes).base64EncodedString() }
