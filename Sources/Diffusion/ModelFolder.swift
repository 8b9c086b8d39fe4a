import Files
import FoundationEssentials
import Names
import Safetensors
import Tensors

/// A diffusers folder: a folder a part, with `config.json` and safetensors files.
struct ModelFolder: ModelLayout {
  let path: String
  let kind: PretrainedModel.Kind

  init(_ path: String) throws {
    self.path = path
    guard FileManager.default.fileExists(atPath: "\(path)/unet") else {
      throw DiffusionError(file: path, reason: .notADiffusionModel)
    }
    let files = try Self.files(in: "\(path)/unet")
    let hasAddedConditions = files.contains { $0.header["add_embedding.linear_1.weight"] != nil }
    let context = files.lazy.compactMap { file in
      file.header.entries.first { $0.name.string.hasSuffix("attn2.to_k.weight") }
    }.first?.shape.extents.last
    kind =
      hasAddedConditions ? .sdxl : try Self.isSD2(path, context: context ?? 768) ? .sd2 : .sd1
  }

  /// SD 2's context is 1024 wide; a toy is told by its linear projections.
  private static func isSD2(_ path: String, context: Int) throws -> Bool {
    struct Projections: Decodable { let useLinearProjection: Bool? }
    let file = try configuration(Projections.self, at: "\(path)/unet/config.json")
    return file?.useLinearProjection ?? (context == 1024)
  }

  func predictsVelocity() throws -> Bool {
    let file = try configuration(
      SchedulerFile.self, at: "\(path)/scheduler/scheduler_config.json")
    switch file?.predictionType {
    case "epsilon", nil: return false
    case "v_prediction": return true
    case let other?:
      throw DiffusionError(
        file: path,
        reason: .unsupported("prediction_type '\(other)' is neither epsilon nor v_prediction"))
    }
  }

  var tokenizerFolders: [String] {
    ["tokenizer", "tokenizer_2"].map { "\(path)/\($0)" }
      .filter { FileManager.default.fileExists(atPath: $0) }
  }

  func unet() throws -> (Weights, UNetFile?) {
    let weights = Weights(
      path: "\(path)/unet", part: "U-Net", files: try Self.files(in: "\(path)/unet")
    ) { [TensorLocation($0)] }
    return (weights, try configuration(UNetFile.self, at: "\(path)/unet/config.json"))
  }

  func vae() throws -> (Weights, VAEFile?) {
    guard FileManager.default.fileExists(atPath: "\(path)/vae") else {
      throw DiffusionError(file: path, reason: .missingPart("VAE (folder vae)"))
    }
    let weights = Weights(
      path: "\(path)/vae", part: "VAE", files: try Self.files(in: "\(path)/vae"),
      locate: VAENames.locations(inFolder:))
    return (weights, try configuration(VAEFile.self, at: "\(path)/vae/config.json"))
  }

  func textEncoder(_ index: Int) throws -> (Weights, TextEncoderFile?) {
    let folder = index == 0 ? "text_encoder" : "text_encoder_2"
    guard FileManager.default.fileExists(atPath: "\(path)/\(folder)") else {
      throw DiffusionError(file: path, reason: .missingPart("text encoder (folder \(folder))"))
    }
    let weights = Weights(
      path: "\(path)/\(folder)", part: "text encoder",
      files: try Self.files(in: "\(path)/\(folder)")
    ) { CheckpointNames.clipLocations(of: $0, prefix: "") }
    return (
      weights, try configuration(TextEncoderFile.self, at: "\(path)/\(folder)/config.json")
    )
  }

  /// The safetensors files of a part.
  static func files(in folder: String) throws -> [SafetensorsFile] {
    let paths = try ModelFiles.paths(inFolder: folder)
    guard !paths.isEmpty else {
      let isPickle = try names(inFolder: folder).contains { $0.hasSuffix(".bin") }
      throw DiffusionError(
        file: folder, reason: isPickle ? .pickle : .missingPart("safetensors file"))
    }
    return try paths.map { try SafetensorsFile(path: $0) }
  }
}
