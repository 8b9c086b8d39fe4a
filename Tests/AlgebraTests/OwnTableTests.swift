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

// MARK: - U-Nets

extension FamilyConversionTests {
  /// The width of the text that a U-Net's attention reads, by which it is told.
  static let textWidths: [BaseModel: Int] = [
    .sd1: 768, .sd2: 1024, .sdxl: 2048, .refiner: 1280, .kolors: 2048,
  ]

  /// Layers of a U-Net by the paths of its authors, each with its outputs and inputs.
  private static func layers(_ model: BaseModel) -> [(path: String, outputs: Int, inputs: Int)] {
    let shared = [
      ("input_blocks.4.1.transformer_blocks.0.attn2.to_k", 6, textWidths[model] ?? 0),
      ("output_blocks.5.1.transformer_blocks.0.ff.net.2", 6, 5),
      ("middle_block.1.transformer_blocks.0.attn1.to_q", 6, 6),
    ]
    return model == .kolors ? shared + [("label_emb.0.0", 6, 5632)] : shared
  }

  /// sd-scripts' names: those of diffusers for SD 1 and 2, the authors' for XL.
  private static func trained(_ model: BaseModel, _ path: String) -> String {
    let name = path.replacing(".", with: "_")
    guard [.sd1, .sd2].contains(model) else { return "lora_unet_" + name }
    return "lora_unet_"
      + name.replacing("input_blocks_4_1", with: "down_blocks_1_attentions_0")
      .replacing("output_blocks_5_1", with: "up_blocks_1_attentions_2")
      .replacing("middle_block_1", with: "mid_block_attentions_0")
  }

  private static func adapter(_ model: BaseModel) -> AdapterFile {
    var file = AdapterFile()
    for (index, layer) in layers(model).enumerated() {
      file.addModule(
        trained(model, layer.path), layer.outputs, layer.inputs, rank: 2, seed: UInt64(9 * index))
    }
    return file
  }

  @Test(
    arguments: [BaseModel.sd1, .sd2, .sdxl, .refiner, .kolors],
    ["diffusers", "onetrainer", "original", "peft", "comfy"])
  func unetsAreNamedByEveryProgram(model: BaseModel, naming: String) throws {
    let adapter = Self.adapter(model)
    let folder = try TemporaryFolder()
    try Data(adapter.bytes).write(to: URL(filePath: folder["a.safetensors"]))
    let said = try report(["inspect", folder["a.safetensors"]])
    #expect(said["base_model"] as? String == model.rawValue)
    let there = try convert(folder, "a.safetensors", "b.safetensors", naming)
    #expect(there.updates.count == adapter.updates.count)
    expectSame(
      try convert(folder, "b.safetensors", "c.safetensors", "kohya").updates, adapter.updates)
    let outcome = try Program.run("diff", folder["b.safetensors"], folder["a.safetensors"])
    #expect(outcome.status == 0, "\(outcome.output)\(outcome.errors)")
  }

  @Test(arguments: [BaseModel.sd1, .sd2, .sdxl, .refiner, .kolors])
  func unetsAreBakedAndExtracted(model: BaseModel) throws {
    let adapter = Self.adapter(model)
    var checkpoint = AdapterFile()
    for layer in Self.layers(model) {
      checkpoint.add(
        "model.diffusion_model.\(layer.path).weight", [layer.outputs, layer.inputs],
        [Double](repeating: 0, count: layer.outputs * layer.inputs))
    }
    let folder = try TemporaryFolder()
    try folder.write(adapter.bytes, to: "a.safetensors")
    try folder.write(checkpoint.bytes, to: "m.safetensors")
    _ = try convert(folder, "a.safetensors", "b.safetensors", "diffusers")
    for arguments in [
      ["merge", folder["b.safetensors"], "--into", folder["m.safetensors"], "-o", folder["o"]],
      [
        "diff", folder["o"], folder["m.safetensors"], "--rank", "2", "--to", "kohya", "-o",
        folder["x"],
      ],
    ] {
      let outcome = try Program.run(arguments + ["--quiet"])
      #expect(outcome.status == 0, "\(outcome.errors)")
    }
    let baked = try AdapterFile(bytes: folder.bytes("o"))
    let extracted = try AdapterFile(bytes: folder.bytes("x")).updates
    for layer in Self.layers(model) {
      let update = try #require(adapter.updates[Self.trained(model, layer.path)])
      let weight = try #require(baked.values("model.diffusion_model.\(layer.path).weight"))
      #expect((Dense(layer.outputs, layer.inputs, weight) - update).norm <= 1e-6 * update.norm)
      let found = try #require(extracted[Self.trained(model, layer.path)])
      #expect((found - update).norm <= 1e-5 * update.norm, "\(layer.path)")
    }
  }

  // MARK: - The table of the README

  /// The words by which the README names a family.
  private static let titles: [BaseModel: String] = [
    .sd1: "SD 1", .sd2: "SD 2", .sdxl: "SDXL", .refiner: "refiner", .kolors: "Kolors",
    .cascade: "Stable Cascade", .sd3: "SD 3 and 3.5", .flux1: "Flux.1", .chroma: "Chroma",
    .flux2: "Flux.2", .qwenImage: "Qwen-Image", .zImage: "Z-Image", .lumina2: "Lumina 2",
    .wan: "Wan 2.1 and 2.2", .hunyuanVideo: "HunyuanVideo", .hunyuanVideo15: "HunyuanVideo 1.5",
    .hunyuanImage: "HunyuanImage", .ltx: "LTX", .anima: "Anima", .cosmos: "Cosmos",
    .hidream: "HiDream", .krea2: "Krea 2", .pixart: "PixArt", .auraflow: "AuraFlow",
  ]

  /// Every family is in the README's table, and the tests of its cells walk over every family.
  @Test func everyCellOfTheReadmeIsWalked() throws {
    let readme = try String(contentsOfFile: Fixtures.path("../README.md"), encoding: .utf8)
    let rows = readme.split(separator: "\n").filter { $0.hasPrefix("| ") }
      .drop { !$0.contains("convert to comfy") }.prefix { !$0.contains("operation") }
    #expect(
      rows.first?.contains("comfy, original, diffusers, kohya, onetrainer, peft") ?? false)
    for family in Family.all {
      let title = try #require(Self.titles[family.model], "\(family.model)")
      let row = rows.first { $0.split(separator: "|")[0].contains(title) }
      let cells = try #require(row, "\(title)").split(separator: "|").dropFirst()
      #expect(cells.count == 3 && cells.allSatisfy { $0.hasPrefix(" yes") }, "\(title)")
    }
    let walked = Self.families + Array(Self.textWidths.keys)
    #expect(walked.count == Family.all.count)
    #expect(Set(walked) == Set(Family.all.map(\.model)))
  }
}
