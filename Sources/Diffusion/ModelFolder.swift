import Files
import Names
import Safetensors
import Tensors

/// A diffusers folder: a folder a part, with `config.json` and safetensors files.
struct ModelFolder: ModelLayout {
  let path: String
  let kind: PretrainedModel.Kind

  init(_ path: String) throws {
    self.path = path
    guard FileKind(path: "\(path)/unet") != .missing else {
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
      .filter { FileKind(path: $0) != .missing }
  }

  func unet() throws -> (Weights, UNetFile?) {
    try part("U-Net", in: "unet") { [TensorLocation($0)] }
  }

  func vae() throws -> (Weights, VAEFile?) {
    try part("VAE", in: "vae", locate: VAENames.locations(inFolder:))
  }

  func textEncoder(_ index: Int) throws -> (Weights, TextEncoderFile?) {
    try part("text encoder", in: index == 0 ? "text_encoder" : "text_encoder_2") {
      CheckpointNames.clipLocations(of: $0, prefix: "")
    }
  }

  private func part<Configuration: Decodable>(
    _ part: String, in name: String, locate: @escaping (String) -> [TensorLocation]
  ) throws -> (Weights, Configuration?) {
    let folder = "\(path)/\(name)"
    guard FileKind(path: folder) != .missing else {
      throw DiffusionError(file: path, reason: .missingPart("\(part) (folder \(name))"))
    }
    let weights = Weights(
      path: folder, part: part, files: try Self.files(in: folder), locate: locate)
    return (weights, try configuration(Configuration.self, at: "\(folder)/config.json"))
  }

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
