package import Compute
import Files
package import Names
import Safetensors
import Tensors

/// A Stable Diffusion on disk: recognized and mapped, its parts read when asked for.
package struct PretrainedModel {
  package enum Kind: String, Hashable, Sendable {
    case sd1
    case sd2
    case sdxl

    /// The same among all families of models.
    package var baseModel: BaseModel {
      switch self {
      case .sd1: .sd1
      case .sd2: .sd2
      case .sdxl: .sdxl
      }
    }
  }

  /// The path as the user wrote it.
  package let path: String
  package let kind: Kind

  /// Whether the model predicts the velocity; `nil` where its files do not say (SD 2 in one file).
  package let predictsVelocity: Bool?

  /// Folders of the tokenizers, one a text encoder; empty for a single file.
  package let tokenizerFolders: [String]
  private let layout: any ModelLayout

  /// A model of made-up weights, of a kind that `--random-weights` names; `nil` for another name.
  package init?(random name: String) {
    guard let kind = RandomModel.kinds[name] else { return nil }
    self.kind = kind
    path = "random-\(name)"
    predictsVelocity = false
    tokenizerFolders = []
    layout = RandomModel(kind: kind)
  }

  /// Recognizes the model and opens its files; their tensors are read later.
  package init(path: String) throws {
    self.path = path
    if FileKind(path: path) == .folder {
      let folder = try ModelFolder(path)
      layout = folder
      kind = folder.kind
      tokenizerFolders = folder.tokenizerFolders
      predictsVelocity = try folder.predictsVelocity()
    } else {
      if [".ckpt", ".pt", ".pth", ".bin"].contains(where: path.hasSuffix) {
        throw DiffusionError(file: path, reason: .pickle)
      }
      if Self.isNameOfHub(path), FileKind(path: path) == .missing {
        throw DiffusionError(file: path, reason: .nameOfHub)
      }
      let file = try ModelFile(path)
      layout = file
      kind = file.kind
      tokenizerFolders = []
      predictsVelocity = file.kind == .sd2 ? nil : false
    }
  }

  /// Whether a path looks like OWNER/NAME, which sd-scripts would download.
  private static func isNameOfHub(_ path: String) -> Bool {
    let parts = path.split(separator: "/", omittingEmptySubsequences: false)
    return parts.count == 2 && !parts.contains { $0.isEmpty || $0.hasPrefix(".") || $0 == "~" }
      && !path.hasSuffix(".safetensors") && !path.contains("\\")
  }

  /// Whether the weights are made up.
  package var isRandom: Bool { layout is RandomModel }

  /// Reads the U-Net.
  package func unet(on backend: any Backend, changing change: TensorChange? = nil) throws -> UNet {
    let (weights, file) = try layout.unet()
    return try UNet(
      UNetConfiguration(weights, file, kind: kind), weights.changed(in: .denoiser, by: change),
      kind, on: backend)
  }

  /// The side of the pictures that the model was made for, in pixels; nil where its configuration
  /// does not say it.
  package func pictureSide() throws -> Int? {
    let (weights, file) = try layout.unet()
    guard let side = try UNetConfiguration(weights, file, kind: kind).sampleSide else { return nil }
    let (vae, vaeFile) = try layout.vae()
    return try side * VAEConfiguration(vae, vaeFile, kind: kind).downscaling
  }

  /// Reads the VAE, which turns pictures to latents and back.
  package func vae(on backend: any Backend) throws -> VAE {
    let (weights, file) = try layout.vae()
    return try VAE(VAEConfiguration(weights, file, kind: kind), weights, on: backend)
  }

  /// Reads the text encoders: one, or SDXL's two.
  package func textEncoders(
    on backend: any Backend, changing change: TensorChange? = nil
  ) throws -> [TextEncoder] {
    let encoders = try (0..<(kind == .sdxl ? 2 : 1)).map { index in
      let (weights, file) = try layout.textEncoder(index)
      let configuration = try TextEncoderConfiguration(weights, file, kind: kind, index: index)
      return try TextEncoder(
        configuration, weights.changed(in: .textEncoder(index + 1), by: change), on: backend)
    }
    try check(encoders.map(\.configuration))
    return encoders
  }

  /// Throws where the U-Net looks at text of another width than the encoders give.
  private func check(_ encoders: [TextEncoderConfiguration]) throws {
    let (weights, file) = try layout.unet()
    let unet = try UNetConfiguration(weights, file, kind: kind)
    let width = encoders.reduce(0) { $0 + $1.width }
    let pooled = encoders.last?.width ?? 0
    guard unet.contextWidth == width || unet.contextWidth == 0,
      unet.added.map({ $0.pooledWidth == pooled }) ?? true
    else {
      throw weights.failure(
        .unsupported(
          "looks at text of \(unet.contextWidth) numbers"
            + (unet.added.map { " and \($0.pooledWidth) pooled ones" } ?? "")
            + ", but the text encoders give \(width)"
            + (unet.added == nil ? "" : " and \(pooled)") + "; are they another model's?"))
    }
  }
}

/// How the parts of a model are spread over files.
protocol ModelLayout {
  func unet() throws -> (Weights, UNetFile?)
  func vae() throws -> (Weights, VAEFile?)

  /// - Parameter index: 0, or 1 for SDXL's second.
  func textEncoder(_ index: Int) throws -> (Weights, TextEncoderFile?)
}
