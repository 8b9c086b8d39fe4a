import Foundation
import TestSupport
import Testing

/// Tensors that are in no module: kept as they are, or counted and named, by every command that
/// writes.
@Suite struct ForeignTensorTests {
  private static let module = "lora_unet_mid_block_attentions_0_transformer_blocks_0_attn2_to_k"
  private static let layer =
    "model.diffusion_model.middle_block.1.transformer_blocks.0.attn2.to_k.weight"

  struct Kind: CustomTestStringConvertible {
    let name: String
    let key: String
    let shape: [Int]
    var testDescription: String { key }
  }

  static let kinds = [
    Kind(name: "bundle_emb.my style.clip_l", key: "embeddings", shape: [2, 768]),
    Kind(
      name: "base_model.model.model.embed_tokens.token_adapter.trainable_tokens_delta",
      key: "token_rows", shape: [3, 5]),
    Kind(name: "some.unknown_key", key: "tensors", shape: [4]),
    Kind(name: "lora_unet_nothing_else.alpha", key: "parts", shape: []),
  ]

  struct Command: CustomTestStringConvertible {
    let arguments: [String]

    /// Whether the result holds embeddings of `a.st`.
    let keepsEmbeddings: Bool
    var testDescription: String { arguments.joined(separator: " ") }
  }

  /// `a.st` holds the tensor, `b.st` does not, `w.st` is a checkpoint.
  static let commands = [
    Command(arguments: ["merge", "a.st"], keepsEmbeddings: true),
    Command(arguments: ["merge", "b.st", "a.st:0.5"], keepsEmbeddings: true),
    Command(arguments: ["merge", "b.st", "a.st:-1"], keepsEmbeddings: false),
    Command(
      arguments: ["merge", "b.st", "a.st", "--method", "svd", "--rank", "1"], keepsEmbeddings: true),
    Command(
      arguments: ["merge", "a.st", "b.st", "--method", "ties", "--rank", "1"],
      keepsEmbeddings: true),
    Command(arguments: ["merge", "a.st", "b.st", "--mix", "3"], keepsEmbeddings: true),
    Command(arguments: ["merge", "a.st", "--to", "diffusers"], keepsEmbeddings: false),
    Command(
      arguments: ["merge", "a.st", "--into", "w.st", "--skip-missing"], keepsEmbeddings: false),
    Command(arguments: ["diff", "a.st", "b.st"], keepsEmbeddings: true),
    Command(arguments: ["diff", "b.st", "a.st"], keepsEmbeddings: false),
    Command(arguments: ["resize", "a.st", "--rank", "1"], keepsEmbeddings: true),
    Command(arguments: ["resize", "a.st", "--sv-fro", "0.9"], keepsEmbeddings: true),
    Command(arguments: ["resize", "a.st", "--bytes", "60kB"], keepsEmbeddings: true),
    Command(
      arguments: ["convert", "a.st", "--to", "kohya", "--skip-unsupported"], keepsEmbeddings: true),
    Command(
      arguments: ["convert", "a.st", "--to", "diffusers", "--skip-unsupported"],
      keepsEmbeddings: false),
  ]

  @Test(arguments: commands, kinds) func nothingIsDroppedWithoutAWord(
    command: Command, kind: Kind
  ) throws {
    let folder = try TemporaryFolder()
    var a = AdapterFile()
    a.addModule(Self.module, 8, 768, rank: 2, seed: 1)
    a.add(kind.name, kind.shape, uniform(kind.shape.reduce(1, *), seed: 5))
    var b = AdapterFile()
    b.addModule(Self.module, 8, 768, rank: 2, seed: 3)
    var w = AdapterFile()
    w.add(Self.layer, [8, 768], uniform(8 * 768, seed: 4))
    for (name, file) in [("a.st", a), ("b.st", b), ("w.st", w)] {
      try folder.write(file.bytes, to: name)
    }
    let arguments = command.arguments.map { argument in
      ["a.st", "b.st", "w.st"].contains { argument.hasPrefix($0) } ? folder[argument] : argument
    }
    let outcome = try Program.run(arguments + ["-o", folder["o.st"]])
    #expect(outcome.status == 0, "\(outcome.errors)")
    let said = try report(arguments + ["-o", folder["o.st"]])
    let leftOut = try #require(said["left_out"] as? [String: [String]])
    if kind.key == "embeddings" && command.keepsEmbeddings {
      let result = try AdapterFile(bytes: folder.bytes("o.st"))
      #expect(result.tensors[kind.name] == a.tensors[kind.name])
      #expect(leftOut.isEmpty)
      #expect(try Program.run("verify", folder["o.st"]).status == 0)
    } else {
      #expect(leftOut == [kind.key: [kind.name]])
      let line = outcome.errors.split(separator: "\n").first { $0.hasPrefix("left out: 1 ") }
      #expect(line?.contains(kind.name) == true, "\(outcome.errors)")
    }
  }

  /// It has no update to compare, whichever of the two files holds it.
  @Test(arguments: kinds) func aComparisonNamesIt(kind: Kind) throws {
    let folder = try TemporaryFolder()
    var file = AdapterFile()
    file.addModule(Self.module, 8, 768, rank: 2, seed: 1)
    let without = try folder.write(file.bytes, to: "b.st")
    file.add(kind.name, kind.shape, uniform(kind.shape.reduce(1, *), seed: 5))
    let with = try folder.write(file.bytes, to: "a.st")
    for pair in [[with, without], [without, with], [with, with]] {
      let outcome = try Program.run(["diff"] + pair)
      let line = outcome.output.split(separator: "\n").first { $0.hasPrefix("not compared: 1 ") }
      #expect(line?.contains(kind.name) == true, "\(outcome.output)")
      let said = try report(["diff"] + pair)
      #expect(said["not_compared"] as? [String: [String]] == [kind.key: [kind.name]])
    }
    #expect(try report(["diff", without, without])["not_compared"] as? [String: [String]] == [:])
  }

  @Test func ofTwoEmbeddingsOfOneNameTheFirstIsKept() throws {
    let folder = try TemporaryFolder()
    let files = (1...2).map { seed in
      var file = AdapterFile()
      file.addModule(Self.module, 8, 768, rank: 2, seed: UInt64(seed))
      file.add("bundle_emb.x.clip_l", [1, 768], uniform(768, seed: UInt64(seed + 7)))
      return file
    }
    let paths = try files.enumerated().map { try folder.write($1.bytes, to: "\($0).st") }
    let said = try report(["merge"] + paths + ["-o", folder["o.st"]])
    #expect(said["left_out"] as? [String: [String]] == ["embeddings": ["bundle_emb.x.clip_l"]])
    let result = try AdapterFile(bytes: folder.bytes("o.st"))
    #expect(result.tensors["bundle_emb.x.clip_l"] == files[0].tensors["bundle_emb.x.clip_l"])
  }

  @Test func modulesThatABakingSkipsAreNamed() throws {
    let folder = try TemporaryFolder()
    var a = AdapterFile()
    a.addModule(Self.module, 8, 768, rank: 2, seed: 1)
    let other = Self.module.replacing("to_k", with: "to_v")
    a.addModule(other, 8, 768, rank: 2, seed: 2)
    var w = AdapterFile()
    w.add(Self.layer, [8, 768], uniform(8 * 768, seed: 4))
    let arguments = [
      "merge", try folder.write(a.bytes, to: "a.st"), "--into",
      try folder.write(w.bytes, to: "w.st"), "--skip-missing", "-o", folder["o.st"],
    ]
    #expect(try Program.run(arguments).errors.contains("left out: 1 module (\(other))"))
    #expect(try report(arguments)["left_out"] as? [String: [String]] == ["modules": [other]])
  }

  @Test func whatAConversionSkipsIsNamed() throws {
    let folder = try TemporaryFolder()
    var a = AdapterFile()
    a.addModule(Self.module, 8, 768, rank: 2, seed: 1)
    a.add(Self.module + ".diff_b", [8], uniform(8, seed: 6))
    let text = "lora_te_text_model_encoder_layers_0_mlp_fc1"
    a.addModule(text, 4, 4, rank: 1, seed: 2)
    let path = try folder.write(a.bytes, to: "a.st")
    let said = try report([
      "convert", path, "--to", "loralib", "--skip-unsupported", "-o", folder["o.st"],
    ])
    #expect(
      said["left_out"] as? [String: [String]] == ["modules": [text], "biases": [Self.module]])
  }
}
