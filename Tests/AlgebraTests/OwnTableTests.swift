import Foundation
import TestSupport
import Testing

@testable import Names

/// Families that no other program converts: by their own tables, there and back.
extension FamilyConversionTests {
  /// The layers of Cosmos that have a width, at 14 billion weights.
  @Test(arguments: ["diffusers", "kohya", "onetrainer", "original", "peft"])
  func cosmosIsToldByItsWidth(naming: String) throws {
    let family = try #require(Family.of(.cosmos))
    var file = AdapterFile()
    for (index, layer) in family.layers.enumerated() {
      guard let size = layer.size, let part = layer.parts[.original]?.first else { continue }
      let blocks = Array(repeating: 7, count: part.pattern.blockCount)
      file.addFactors(
        "diffusion_model." + part.pattern.path(blocks: blocks),
        Int(5120 * size.outputs), Int(5120 * size.inputs), rank: 1, seed: UInt64(index))
    }
    #expect(file.tensors.count == 20)
    let folder = try TemporaryFolder()
    try Data(file.bytes).write(to: URL(filePath: folder["a.safetensors"]))
    let said = try report(["inspect", folder["a.safetensors"]])
    #expect(said["base_model"] as? String == "cosmos")
    _ = try convert(folder, "a.safetensors", "b.safetensors", naming)
    let back = try convert(folder, "b.safetensors", "c.safetensors", "comfy")
    #expect(back.tensors == file.tensors)
  }
}
