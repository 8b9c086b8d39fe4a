import Foundation
import TestSupport
import Testing

/// Results in PEFT's names mean what their inputs mean: tables and Conv1D keep their orientation.
@Suite struct PEFTResultTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func file(_ path: String) throws -> AdapterFile {
    try AdapterFile(bytes: [UInt8](try Data(contentsOf: URL(filePath: path))))
  }

  /// Bakes an adapter and holds the result to what PEFT makes of the one that it came from.
  private func expectMerged(_ adapter: String, as name: String, into model: String) throws {
    try report(["merge", adapter, "--into", "peft/\(model).safetensors", "-o", folder["baked"]])
    let (baked, base) = (
      try file(folder["baked"]), try file(Fixtures.path("peft/\(model).safetensors"))
    )
    let merged = try file(Fixtures.path("peft/\(name)/merged.safetensors"))
    for key in base.tensors.keys {
      let before = try #require(base.matrix(key))
      let wanted = merged.matrix(key) ?? before
      let got = try #require(baked.matrix(key))
      #expect((got - wanted).norm <= 1e-5 * max((wanted - before).norm, 0.01), "\(key)")
    }
  }

  struct Case: CustomTestStringConvertible {
    let name: String
    let model: String
    let command: [String]
    var testDescription: String { "\(name): \(command.joined(separator: " "))" }
  }

  static let cases: [Case] =
    [("conv1d", "gpt2"), ("embeddings-square", "layers")].flatMap {
      name, model in
      [
        ["convert", "peft/\(name)", "--to", "peft"], ["merge", "peft/\(name)"],
        ["resize", "peft/\(name)", "--rank", "2"], ["resize", "peft/\(name)", "--rank", "5"],
        ["merge", "peft/\(name):0.5", "peft/\(name):0.5", "--method", "svd", "--rank", "2"],
      ].map { Case(name: name, model: model, command: $0) }
    } + [
      Case(
        name: "conv1d-dora", model: "gpt2",
        command: ["convert", "peft/conv1d-dora", "--to", "peft"]),
      // The copies of the model's own tables beside the factors are left out.
      Case(
        name: "embeddings", model: "qwen",
        command: ["convert", "peft/embeddings", "--to", "mlx", "--skip-unsupported"]),
      Case(
        name: "embeddings", model: "qwen",
        command: ["convert", "peft/embeddings", "--to", "peft", "--skip-unsupported"]),
    ]

  @Test(arguments: cases) func resultsMeanTheSame(c: Case) throws {
    try report(c.command + ["-o", folder["a"]])
    try expectMerged(folder["a"], as: c.name, into: c.model)
  }

  @Test(arguments: [("conv1d", true), ("embeddings-square", false), ("bias-of-factors", false)])
  func configurationSaysWhatLiesTransposed(name: String, expected: Bool) throws {
    try report(["convert", "peft/\(name)", "--to", "peft", "-o", folder["a"]])
    let data = try Data(contentsOf: URL(filePath: folder["a/adapter_config.json"]))
    let fields = try JSONSerialization.jsonObject(with: data) as? [String: Any] ?? [:]
    #expect(fields["fan_in_fan_out"] as? Bool == expected)
  }

  @Test func tablesAreComparedAsOtherLayers() throws {
    let whole = try Program.run("diff", "peft/conv1d", "peft/conv1d-and-head")
    #expect(whole.status == 2)
    #expect(whole.errors.contains("lm_head is stored whole"), "\(whole.errors)")
    let own = try Program.run("diff", "peft/embeddings-square", "peft/embeddings-square")
    #expect(own.status == 0, "\(own.errors)")
  }

  /// Only PEFT tells any table's factors from a layer's; MLX does by the names of some.
  @Test(arguments: ["kohya", "comfy", "diffusers", "mlx"])
  func tablesAreRefusedWhereTheyCannotBeTold(naming: String) throws {
    for command in [["convert"], ["merge"]] {
      let outcome = try Program.run(
        command + ["peft/embeddings-square", "--to", naming, "-o", folder["x.st"]])
      #expect(outcome.status == 1)
      #expect(outcome.errors.contains("table"), "\(outcome.errors)")
    }
    #expect(try folder.names().isEmpty)
  }

  /// What is stored whole stops a sum of adapters, and the way out that the error names works.
  @Test(arguments: ["whole-modules", "bias-of-targets", "embeddings"])
  func wholeModulesCanBeLeftOut(name: String) throws {
    let refused = try Program.run(["resize", "peft/\(name)", "--rank", "1", "-o", folder["r"]])
    #expect(refused.status == 1)
    #expect(refused.errors.contains("is stored whole"), "\(refused.errors)")
    let plain = try Program.run(
      ["convert", "peft/\(name)", "--to", "peft", "--skip-unsupported", "-o", folder["c"]])
    #expect(plain.status == 0, "\(plain.errors)")
    #expect(plain.errors.contains("left out"))
    try report(["resize", folder["c"], "--rank", "1", "-o", folder["r"]])
  }

  /// Without a configuration nothing tells how many experts there are.
  @Test(arguments: [
    ["inspect"], ["resize", "--rank", "1"], ["merge"], ["convert", "--to", "kohya"],
  ])
  func expertsAreTakenForNoProduct(command: [String]) throws {
    let path = try folder.write(
      [UInt8](
        try Data(
          contentsOf: URL(filePath: Fixtures.path("peft/experts/adapter_model.safetensors")))),
      to: "alone.st")
    let options = command[0] == "inspect" ? ["--json"] : ["-o", folder["x"]]
    let outcome = try Program.run([command[0], path] + command.dropFirst() + options)
    #expect(outcome.status == (command[0] == "inspect" ? 0 : 1))
    #expect((outcome.output + outcome.errors).contains("experts"))
    #expect(try folder.names() == ["alone.st"])
  }

  /// A module of alpha 0 adds nothing, and stops nothing.
  @Test func alphaZeroAddsNothing() throws {
    var adapter = AdapterFile()
    let block = "lora_unet_mid_block_attentions_0_transformer_blocks_0_attn2_to_"
    adapter.addModule(block + "k", 8, 768, rank: 2, alpha: 0, seed: 1)
    adapter.addModule(block + "v", 8, 768, rank: 2, alpha: 1, seed: 5)
    let path = try folder.write(adapter.bytes, to: "a.st")
    let outcome = try Program.run(["merge", path, "-o", folder["o.st"]])
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(outcome.errors.contains("alpha 0: nothing is added"))
    #expect(try file(folder["o.st"]).updates.keys.sorted() == [block + "v"])
  }
}
