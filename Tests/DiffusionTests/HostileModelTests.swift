import Compute
import ComputeCPU
import Foundation
import LinearAlgebra
import Names
import Safetensors
import Tensors
import TestSupport
import Testing

@testable import Diffusion

/// Models of numbers and shapes that no network has: an error that names them, never a trap.
@Suite(.enabled(if: Processor.unsupportedReason == nil, "the CPU's backend does not run here"))
struct HostileModelTests {
  static let model = Fixtures.path("train/tiny-model")
  let cpu = CPUBackend(threads: 1)

  /// Keys of the three configurations that hold whole numbers, and those that hold others.
  static let counts = [
    ("unet", "norm_num_groups"), ("unet", "attention_head_dim"), ("unet", "num_attention_heads"),
    ("unet", "addition_time_embed_dim"), ("vae", "norm_num_groups"),
    ("text_encoder", "num_attention_heads"), ("text_encoder", "num_hidden_layers"),
    ("text_encoder", "eos_token_id"),
  ]
  static let factors = [
    ("unet", "norm_eps"), ("vae", "scaling_factor"), ("text_encoder", "layer_norm_eps"),
  ]

  @Test(
    arguments: counts,
    ["0", "-1", "0.5", "1048577", "9223372036854775808", "1e308", "\"8\"", "true", "{}"])
  func countsLieInTheirRange(_ place: (part: String, key: String), _ value: String) {
    let message = message(place.part, place.key, value)
    #expect(message.contains("'\(place.key)' is "), "\(message)")
    #expect(message.hasSuffix(", not a whole number from 1 to 1048576"), "\(message)")
  }

  @Test(arguments: factors, ["0", "-1", "1e39", "1e-46", "\"1\"", "true", "[]"])
  func factorsAreAboveZero(_ place: (part: String, key: String), _ value: String) {
    let message = message(place.part, place.key, value)
    #expect(message.contains("'\(place.key)' is "), "\(message)")
    #expect(message.hasSuffix(", not a number above 0 that float32 holds"), "\(message)")
  }

  static let sentences: [(part: String, key: String, value: String, sentence: String)] = [
    ("unet", "norm_num_groups", "3", "8 channels in 3 groups"),
    ("vae", "norm_num_groups", "3", "8 channels in 3 groups"),
    ("unet", "attention_head_dim", "3", "[8, 8] channels in [3, 3] heads"),
    ("unet", "attention_head_dim", "[2]", "[8, 8] channels in [2] heads"),
    (
      "unet", "attention_head_dim", "[2, 0]",
      "'attention_head_dim[1]' is 0, not a whole number from 1 to 1048576"
    ),
    ("unet", "block_out_channels", "null", "'block_out_channels' is of the wrong type"),
    (
      "unet", "block_out_channels", "[8, 16]",
      "'block_out_channels' is [8, 16], but the tensors have [8, 8]"
    ),
    ("text_encoder", "num_hidden_layers", "2", "2 layers of 1, 2 heads of 8"),
    ("text_encoder", "num_attention_heads", "16", "1 layers of 1, 16 heads of 8"),
  ]

  @Test(arguments: sentences)
  func numbersThatDoNotFit(_ example: (part: String, key: String, value: String, sentence: String))
  {
    let message = message(example.part, example.key, example.value)
    #expect(message.hasSuffix("cannot read the configuration: " + example.sentence), "\(message)")
  }

  /// Every tensor of every part in shapes that a header may claim, as long as it has no numbers.
  @Test(arguments: ["unet", "vae", "text_encoder"])
  func tensorsOfOtherShapesAreRefused(_ part: String) throws {
    let base = try file(part)
    for entry in base.header.entries {
      for shape in [[], [0], [0, 1 << 62], [1 << 62, 0, 3, 3], [1, 1, 1, 1, 1, 1]] as [Shape] {
        let changed = try folder.file(base, entry.name.string, shape)
        #expect(throws: (any Error).self, "\(entry.name) of \(shape)") {
          try read(part, changed, json: configurationText(part))
        }
      }
    }
  }

  @Test func joinedWeightsDivideByThree() throws {
    let path = try folder.file([("w", [25, 8])])
    let weights = Weights(path: "m", part: "p", files: [try SafetensorsFile(path: path)]) { _ in
      [TensorLocation("w", .third(1))]
    }
    let error = #expect(throws: DiffusionError.self) { try weights.values("k", [8, 8]) }
    #expect(
      error?.description
        == "m: 'k' is [25, 8], not three times [8, 8]; this is not a model of the kind its names say"
    )
  }

  @Test func piecesOfTensors() {
    let third = TensorLocation("x", .third(2))
    #expect(third.shape(of: [6, 2]) == [2, 2])
    #expect(third.take([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], shape: [6, 2]) == [8, 9, 10, 11])
    let transposed = TensorLocation("x", .transposed)
    #expect(transposed.take([1, 2, 3, 4, 5, 6], shape: [2, 3]) == [1, 4, 2, 5, 3, 6])
  }

  @Test func textOfAnotherWidthIsRefused() throws {
    let copy = try folder.copyOfModel()
    let path = "\(copy)/unet/diffusion_pytorch_model.safetensors"
    let base = try SafetensorsFile(path: path)
    let other = try folder.file(
      base.header.entries.map { entry in
        let isContext =
          entry.name.string.hasSuffix("attn2.to_k.weight")
          || entry.name.string.hasSuffix("attn2.to_v.weight")
        return (entry.name.string, isContext ? [8, 16] : entry.shape)
      })
    try FileManager.default.removeItem(atPath: path)
    try FileManager.default.moveItem(atPath: other, toPath: path)
    let model = try PretrainedModel(path: copy)
    _ = try model.unet(on: cpu)
    let error = #expect(throws: DiffusionError.self) { try model.textEncoders(on: cpu) }
    #expect(
      error?.description.hasSuffix(
        "looks at text of 16 numbers, but the text encoders give 8; are they another model's?")
        == true, "\(String(describing: error))")
  }

  private let folder = HostileFolder()

  private func file(_ part: String) throws -> SafetensorsFile {
    let name = part == "text_encoder" ? "model" : "diffusion_pytorch_model"
    return try SafetensorsFile(path: "\(Self.model)/\(part)/\(name).safetensors")
  }

  private func configurationText(_ part: String) throws -> Data {
    try Data(contentsOf: URL(filePath: "\(Self.model)/\(part)/config.json"))
  }

  /// What is said of a part whose configuration has another value.
  private func message(_ part: String, _ key: String, _ value: String) -> String {
    do {
      let text = String(decoding: try configurationText(part), as: UTF8.self)
      // The last of two values for one key counts.
      var fields = try #require(
        JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
      fields[key] = nil
      let rest = String(decoding: try JSONSerialization.data(withJSONObject: fields), as: UTF8.self)
      try read(part, file(part), json: Data("{\"\(key)\": \(value), \(rest.dropFirst())".utf8))
      return "nothing"
    } catch {
      return "\(error)"
    }
  }

  private func read(_ part: String, _ file: SafetensorsFile, json: Data) throws {
    let weights = Weights(path: part, part: part, files: [file]) {
      part == "text_encoder"
        ? CheckpointNames.clipLocations(of: $0, prefix: "") : VAENames.locations(inFolder: $0)
    }
    switch part {
    case "unet":
      let file = try configuration(UNetFile.self, json: json, file: part)
      _ = try UNet(UNetConfiguration(weights, file, kind: .sd1), weights, .sd1, on: cpu)
    case "vae":
      let file = try configuration(VAEFile.self, json: json, file: part)
      _ = try VAE(VAEConfiguration(weights, file, kind: .sd1), weights, on: cpu)
    default:
      let file = try configuration(TextEncoderFile.self, json: json, file: part)
      _ = try TextEncoder(
        TextEncoderConfiguration(weights, file, kind: .sd1, index: 0), weights, on: cpu)
    }
  }
}

/// Files of zeros.
private final class HostileFolder: Sendable {
  private let path = FileManager.default.temporaryDirectory
    .appending(path: "lora-hostile-\(UUID().uuidString)").path

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// A safetensors file.
  func file(_ tensors: [(name: String, shape: Shape)]) throws -> String {
    let layout = Layout(
      tensors.map { Layout.Tensor(name: $0.name, type: .float32, shape: $0.shape) })
    var bytes = layout.header(metadata: Metadata())
    bytes += [UInt8](repeating: 0, count: layout.dataByteCount)
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    let file = "\(path)/\(UUID().uuidString).safetensors"
    try Data(bytes).write(to: URL(filePath: file))
    return file
  }

  /// A file like another, but for the shape of one tensor.
  func file(_ base: SafetensorsFile, _ name: String, _ shape: Shape) throws -> SafetensorsFile {
    let path = try file(
      base.header.entries.map { ($0.name.string, $0.name.string == name ? shape : $0.shape) })
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try SafetensorsFile(path: path)
  }

  func copyOfModel() throws -> String {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    try FileManager.default.copyItem(atPath: HostileModelTests.model, toPath: "\(path)/model")
    return "\(path)/model"
  }
}
