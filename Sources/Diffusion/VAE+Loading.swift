package import Compute
import Files
import Names
import Safetensors

extension VAE {
  /// Reads the VAE of whatever has one: a checkpoint, a diffusers folder of a model or of a VAE
  /// alone, or a file with a VAE alone under original or diffusers' names.
  ///
  /// - Parameter kind: Of the model that it is used with, by which latents are scaled where no
  ///   configuration says how.
  package init(path: String, for kind: PretrainedModel.Kind, on backend: any Backend) throws {
    let (weights, file) = try Self.weights(path)
    try self.init(VAEConfiguration(weights, file, kind: kind), weights, on: backend)
  }

  private static func weights(_ path: String) throws -> (Weights, VAEFile?) {
    if FileKind(path: path) == .folder {
      let inside = "\(path)/vae"
      let folder = FileKind(path: inside) != .missing ? inside : path
      let files = try ModelFolder.files(in: folder)
      return (
        Weights(path: folder, part: "VAE", files: files, locate: VAENames.locations(inFolder:)),
        try Diffusion.configuration(VAEFile.self, at: "\(folder)/config.json")
      )
    }
    if [".ckpt", ".pt", ".pth", ".bin"].contains(where: path.hasSuffix) {
      throw DiffusionError(file: path, reason: .pickle)
    }
    let file = try SafetensorsFile(path: path)
    if file.header["encoder.down_blocks.0.resnets.0.conv1.weight"] != nil {
      let weights = Weights(
        path: path, part: "VAE", files: [file], locate: VAENames.locations(inFolder:))
      return (weights, nil)
    }
    return (try weights(in: file), nil)
  }

  /// The VAE under its original names, in a checkpoint or alone.
  static func weights(in file: SafetensorsFile) throws -> Weights {
    let prefix = ["", CheckpointNames.vae].first {
      file.header[$0 + "encoder.down.0.block.0.conv1.weight"] != nil
    }
    guard let prefix else { throw DiffusionError(file: file.path, reason: .missingPart("VAE")) }
    var levels = 0
    while file.header["\(prefix)encoder.down.\(levels).block.0.conv1.weight"] != nil {
      levels += 1
    }
    return Weights(path: file.path, part: "VAE", files: [file]) { [levels] in
      [VAENames.original($0, levels: levels, prefix: prefix)]
    }
  }
}
