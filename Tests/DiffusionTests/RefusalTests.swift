import Foundation
import Testing

@testable import Diffusion

/// What is no model is refused with a sentence that says why.
@Suite struct RefusalTests {
  static let unet = "model.diffusion_model.input_blocks.0.0.weight"
  static let refused: [(tensors: [String: [Int]], reason: DiffusionError.Reason)] = [
    (["x": [1]], .notADiffusionModel),
    (["lora_unet_mid.lora_down.weight": [1]], .onlyAdapter),
    ([unet: [2, 9, 3, 3]], .inpainting(channels: 9)),
    ([unet: [2, 8, 3, 3]], .inpainting(channels: 8)),
  ]

  @Test(arguments: refused)
  func whole(_ example: (tensors: [String: [Int]], reason: DiffusionError.Reason)) throws {
    let path = try write(example.tensors)
    defer { try? FileManager.default.removeItem(atPath: path) }
    #expect(throws: DiffusionError(file: path, reason: example.reason)) {
      try PretrainedModel(path: path)
    }
  }

  @Test func missingParts() throws {
    let path = try write([Self.unet: [2, 4, 3, 3]])
    defer { try? FileManager.default.removeItem(atPath: path) }
    defer { try? FileManager.default.removeItem(atPath: path) }
    let file = try ModelFile(path)
    #expect(throws: DiffusionError(file: path, reason: .missingPart("VAE"))) { try file.vae() }
    #expect(throws: DiffusionError(file: path, reason: .missingPart("text encoder"))) {
      try file.textEncoder(0)
    }
  }

  @Test func picklesAndFolders() throws {
    #expect(throws: DiffusionError(file: "model.ckpt", reason: .pickle)) {
      try PretrainedModel(path: "model.ckpt")
    }
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    #expect(throws: DiffusionError(file: folder, reason: .notADiffusionModel)) {
      try PretrainedModel(path: folder)
    }
  }

  /// Writes a safetensors file of zeros.
  private func write(_ tensors: [String: [Int]]) throws -> String {
    var (fields, end) = ([String](), 0)
    for (name, extents) in tensors.sorted(by: { $0.key < $1.key }) {
      let bytes = extents.reduce(4, *)
      fields.append(
        #""\#(name)":{"dtype":"F32","shape":\#(extents),"data_offsets":[\#(end),\#(end + bytes)]}"#)
      end += bytes
    }
    let json = Data("{\(fields.joined(separator: ","))}".utf8)
    var data = unsafe withUnsafeBytes(of: UInt64(json.count).littleEndian) { unsafe Data($0) }
    data += json + Data(count: end)
    let path = FileManager.default.temporaryDirectory.appending(path: "\(UUID()).safetensors").path
    try data.write(to: URL(filePath: path))
    return path
  }
}
