import Foundation
import TestSupport
import Testing

/// Models as quantisers leave them: refused by name wherever weights are computed with.
@Suite struct QuantizedCheckpointTests {
  private static let layer = "model.layers.0.self_attn.q_proj"
  private static let module = "base_model.model." + layer

  /// Tensors beside or instead of the layer's weight of 8 × 8.
  struct Scheme: CustomTestStringConvertible {
    let name: String
    let weight: (suffix: String, type: String, shape: [Int])
    let others: [(suffix: String, type: String, shape: [Int])]
    var testDescription: String { "\(name) by \(others.first?.suffix ?? "its type")" }
  }

  static let schemes = [
    Scheme(
      name: "GPTQ", weight: (".qweight", "I32", [1, 8]),
      others: [(".g_idx", "I32", [8]), (".qzeros", "I32", [1, 1]), (".scales", "F16", [1, 8])]),
    Scheme(
      name: "GPTQ or AWQ", weight: (".qweight", "I32", [8, 1]),
      others: [(".qzeros", "I32", [1, 1]), (".scales", "F16", [1, 8])]),
    Scheme(
      name: "NVFP4", weight: (".weight", "U8", [8, 4]),
      others: [(".weight_scale", "F8_E4M3", [8, 1]), (".weight_scale_2", "F32", [])]),
    Scheme(
      name: "quanto", weight: (".weight._data", "I8", [8, 8]),
      others: [(".weight._scale", "F32", [8, 1])]),
    Scheme(name: "HQQ", weight: (".W_q", "U8", [32, 1]), others: [(".meta", "U8", [4])]),
    Scheme(name: "packed as I8", weight: (".weight", "I8", [8, 8]), others: []),
  ]

  private func write(_ scheme: Scheme, to folder: TemporaryFolder) throws -> String {
    var file = AdapterFile()
    for (suffix, type, shape) in [scheme.weight] + scheme.others {
      let width = ["I32": 4, "F32": 4, "F16": 2][type] ?? 1
      file.tensors[Self.layer + suffix] = AdapterFile.Tensor(
        type: type, shape: shape, bytes: Array(repeating: 56, count: shape.reduce(width, *)))
    }
    file.add("model.norm.weight", [8], uniform(8, seed: 1))
    return try folder.write(file.bytes, to: "q.st")
  }

  @Test(arguments: schemes) func nothingIsComputedWithRawNumbers(scheme: Scheme) throws {
    let folder = try TemporaryFolder()
    let model = try write(scheme, to: folder)
    var plain = AdapterFile()
    plain.add(Self.layer + ".weight", [8, 8], uniform(64, seed: 2))
    let base = try folder.write(plain.bytes, to: "w.st")
    var adapter = AdapterFile()
    adapter.add(Self.module + ".lora_A.weight", [2, 8], uniform(16, seed: 3))
    adapter.add(Self.module + ".lora_B.weight", [8, 2], uniform(16, seed: 4))
    let lora = try folder.write(adapter.bytes, to: "a.st")
    adapter.add(Self.module + ".lora_magnitude_vector", [8], uniform(8, seed: 5))
    let dora = try folder.write(adapter.bytes, to: "d.st")
    for arguments in [
      ["merge", lora, "--into", model], ["merge", dora, "--base", model],
      ["diff", dora, lora, "--base", model], ["diff", model, base, "--rank", "2"],
      ["diff", base, model, "--rank", "2"],
      ["convert", dora, "--to", "kohya", "--plain", "--base", model, "--rank", "2"],
    ] {
      let outcome = try Program.run(arguments + ["-o", folder["o.st"]])
      #expect(outcome.status != 0)
      #expect(
        outcome.errors.contains("q.st: is quantised (\(scheme.name): 1 of its weights, such as "),
        "\(arguments[0]): \(outcome.errors)")
      #expect(outcome.errors.contains("; use the same model in BF16, F16 or F32"))
      #expect(outcome.errors.split(separator: "\n").count == 1)
    }
    #expect(try folder.names() == ["a.st", "d.st", "q.st", "w.st"])
    #expect(try Program.run("inspect", model).output.contains(", \(scheme.name), "))
  }

  /// What has no scale is what it says: 8-bit floats are numbers.
  @Test(arguments: ["F8_E4M3", "F8_E5M2"]) func plainFP8IsBaked(type: String) throws {
    let folder = try TemporaryFolder()
    var model = AdapterFile()
    model.add(Self.layer + ".weight", [8, 8], uniform(64, seed: 2), type: type)
    var adapter = AdapterFile()
    adapter.add(Self.module + ".lora_A.weight", [2, 8], uniform(16, seed: 3))
    adapter.add(Self.module + ".lora_B.weight", [8, 2], uniform(16, seed: 4))
    let said = try report([
      "merge", try folder.write(adapter.bytes, to: "a.st"), "--into",
      try folder.write(model.bytes, to: "w.st"), "-o", folder["o.st"],
    ])
    let written = try AdapterFile(bytes: folder.bytes("o.st"))
    let (before, after) = (
      try #require(model.matrix(Self.layer + ".weight")),
      try #require(written.matrix(Self.layer + ".weight"))
    )
    let (up, down) = (
      try #require(adapter.matrix(Self.module + ".lora_B.weight")),
      try #require(adapter.matrix(Self.module + ".lora_A.weight"))
    )
    let error = ((after - before) - up * down).norm / (up * down).norm
    #expect(error < 0.2)
    #expect(abs(try #require(said["relative_error"] as? Double) - error) < 1e-5)
  }

  @Test func anotherNetworkOfTheModelMayBeChanged() throws {
    let folder = try TemporaryFolder()
    var model = AdapterFile()
    let key = "double_blocks.0.img_attn.proj"
    model.add("model.diffusion_model.\(key).weight", [8, 8], uniform(64, seed: 2))
    let text = "text_encoders.t5xxl.transformer.encoder.block.0.layer.0.SelfAttention.q"
    model.add("\(text).weight", [8, 8], uniform(64, seed: 3))
    model.add("\(text).qzeros", [], [0.01])
    var adapter = AdapterFile()
    adapter.addModule("lora_unet_double_blocks_0_img_attn_proj", 8, 8, rank: 2, seed: 4)
    let paths = [
      try folder.write(adapter.bytes, to: "a.st"), try folder.write(model.bytes, to: "w.st"),
    ]
    let said = try report(["merge", paths[0], "--into", paths[1], "-o", folder["o.st"]])
    #expect(try #require(said["relative_error"] as? Double) < 1e-6)
    adapter.addModule("lora_te2_encoder_block_0_layer_0_SelfAttention_q", 8, 8, rank: 2, seed: 6)
    let both = try folder.write(adapter.bytes, to: "b.st")
    let refused = try Program.run("merge", both, "--into", paths[1], "-o", folder["p.st"])
    #expect(refused.status == 1 && refused.errors.contains("is quantised (GPTQ or AWQ: "))
  }
}
