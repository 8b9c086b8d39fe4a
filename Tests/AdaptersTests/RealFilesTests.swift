import Foundation
import Names
import Safetensors
import TestSupport
import Testing

@testable import Adapters

/// Files that others made, which lie beside the repository for developers.
private enum SharedAdapters {
  static let folder = Fixtures.directory.deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "shared/adapters").path

  static let areThere = FileManager.default.fileExists(atPath: folder)
}

@Suite(.enabled(if: SharedAdapters.areThere, "no ../shared/adapters"))
struct RealFilesTests {
  @Test(arguments: [
    ("analog_svd_rank4.safetensors", Naming.cloneofsimo, BaseModel.sd1, 192, 0),
    ("lora_disney.safetensors", .cloneofsimo, .sd1, 192, 2),
    ("lycoris-lokr/smart_falcon_4_lokr.safetensors", .kohya, .sd1, 350, 0),
    ("lycoris-lokr/smart_falcon_8_lokr.safetensors", .kohya, .sd1, 350, 0),
    ("sd15-diffusers-new/pokemon_pytorch_lora_weights.safetensors", .diffusers, .sd1, 128, 0),
    ("peft-gptneo", .peft, .languageModel, 24, 0),
    ("mlx-qwen-two-steps/0000100_adapters.safetensors", .mlx, .languageModel, 8, 0),
  ])
  func adapterIsWhole(
    name: String, naming: Naming, model: BaseModel, modules: Int, others: Int
  ) throws {
    let adapter = try AdapterSource(path: SharedAdapters.folder + "/" + name).adapter()
    #expect(adapter.naming == naming)
    #expect(adapter.baseModel == model)
    #expect(adapter.modules.count == modules)
    #expect(adapter.others.count == others)
    #expect(adapter.orphans.isEmpty && adapter.warnings.isEmpty)
    for module in adapter.modules.prefix(5) {
      let update = try module.update()
      #expect(update.isFinite && update.columns == module.extents.columns)
    }
  }

  @Test(arguments: [
    "peft-unilora/adapter_model.safetensors", "textual-inversion/test_embedding.safetensors",
    "sam-w_a-w_b/lora_rank2.safetensors",
  ])
  func whatIsNotALoRAIsRefused(name: String) throws {
    #expect(throws: AdapterError.self) {
      try AdapterSource(path: SharedAdapters.folder + "/" + name).adapter()
    }
  }

  /// The trainer's own checksums.
  @Test(arguments: ["4", "8"]) func storedHashesAreComputed(rank: String) throws {
    let file = try SafetensorsFile(
      path: SharedAdapters.folder + "/lycoris-lokr/smart_falcon_\(rank)_lokr.safetensors")
    let hashes = Hashes(of: file)
    #expect(file.header.metadata["sshs_model_hash"] == hashes.sshsModelHash)
    let legacy = [hashes.sshsLegacyHash, hashes.sshsLegacyHashUnpadded]
    #expect(legacy.contains(file.header.metadata["sshs_legacy_hash"] ?? ""))
  }
}
