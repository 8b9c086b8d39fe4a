import Foundation
import TestSupport
import Testing

/// Bad input: one sentence that names the file and the module, and nothing written.
@Suite struct RefusalTests {
  private static let module = "lora_unet_mid_block_attentions_0_transformer_blocks_0_attn2_to_k"

  private static func plain(
    rank: Int = 2, outputs: Int = 8, inputs: Int = 768, alpha: Double? = 1, type: String = "F32"
  ) -> AdapterFile {
    var file = AdapterFile()
    file.addModule(module, outputs, inputs, rank: rank, alpha: alpha, type: type, seed: 1)
    return file
  }

  private static func changed(_ change: (inout AdapterFile) -> Void) -> AdapterFile {
    var file = plain()
    change(&file)
    return file
  }

  struct Case: CustomTestStringConvertible {
    let name: String
    let file: AdapterFile
    let options: [String]
    let message: String

    var testDescription: String { name }
  }

  private static func up(_ value: Double, type: String = "F32") -> AdapterFile {
    changed {
      $0.add(
        module + ".lora_up.weight", [8, 2], [value] + Array(repeating: 0.5, count: 15), type: type)
      $0.add(
        module + ".lora_down.weight", [2, 768], Array(repeating: 0.5, count: 1536), type: type)
    }
  }

  static let cases: [Case] = [
    Case(name: "NaN", file: up(.nan), options: [], message: "holds NaN or infinity"),
    Case(
      name: "NaN, verbatim in F16", file: up(.nan, type: "F16"), options: [],
      message: "holds NaN or infinity"),
    Case(
      name: "infinity", file: up(.infinity), options: ["--method", "svd", "--rank", "1"],
      message: "holds NaN or infinity"),
    Case(
      name: "infinity, computed", file: up(-.infinity), options: ["--dtype", "bf16"],
      message: "holds NaN or infinity"),
    Case(
      name: "NaN, pruned", file: up(.nan), options: ["--method", "ties", "--rank", "1"],
      message: "holds NaN or infinity"),
    Case(
      name: "alpha NaN", file: plain(alpha: .nan), options: [],
      message: "has alpha nan; it must be a finite number"),
    Case(
      name: "no down",
      file: changed {
        $0.tensors[module + ".lora_down.weight"] = nil
        $0.addModule("lora_te_text_model_encoder_layers_0_mlp_fc1", 4, 4, rank: 1, seed: 2)
      },
      options: [], message: "has no down; is the file whole?"),
    Case(
      name: "ranks that differ",
      file: changed { $0.add(module + ".lora_up.weight", [8, 3], uniform(24, seed: 1)) },
      options: [], message: "do not agree on the rank"),
    Case(
      name: "another shape", file: plain(outputs: 16), options: [],
      message: "the two are for different models"),
    Case(
      name: "another model", file: plain(inputs: 2048), options: [],
      message: "is for sdxl, "),
    Case(
      name: "DoRA", file: changed { $0.add(module + ".dora_scale", [8, 1], uniform(8, seed: 2)) },
      options: [], message: "whose update depends on the base model's weights"),
    Case(
      name: "two of one layer",
      file: changed {
        $0.addModule(
          "unet." + "mid_block.attentions.0.transformer_blocks.0.attn2.to_k", 8, 768, rank: 1,
          alpha: nil, seed: 3)
      }, options: [], message: "both change mid_block.attentions.0.transformer_blocks.0.attn2.to_k"),
    Case(
      name: "beyond F16", file: up(3e38), options: ["--dtype", "f16"],
      message: "exceeds the range of F16; choose a wider type with --dtype"),
    Case(
      name: "not a LoRA",
      file: {
        var file = AdapterFile()
        file.add("emb_params", [2, 768], uniform(1536, seed: 1))
        return file
      }(),
      options: [], message: "is a textual-inversion embedding, not a LoRA"),
  ]

  @Test(arguments: cases) func mergeRefuses(c: Case) throws {
    let folder = try TemporaryFolder()
    let good = try folder.write(Self.plain().bytes, to: "good.st")
    let bad = try folder.write(c.file.bytes, to: "bad.st")
    let outcome = try Program.run(["merge", good, bad] + c.options + ["-o", folder["out.st"]])
    #expect(outcome.status == 1)
    #expect(outcome.errors.split(separator: "\n").count == 1, "\(outcome.errors)")
    #expect(outcome.errors.contains(c.message), "\(outcome.errors)")
    #expect(outcome.errors.contains(c.name == "beyond F16" ? "out.st" : "bad.st"))
    #expect(outcome.output.isEmpty)
    #expect(try folder.names() == ["bad.st", "good.st"])
  }

  /// What depends on the base model's weights has no product without them.
  @Test(arguments: [
    ("DoRA", [("dora_scale", [8, 1])]),
    (
      "GLoRA",
      [
        ("a1.weight", [8, 2]), ("a2.weight", [2, 8]), ("b1.weight", [8, 2]), ("b2.weight", [2, 8]),
      ]
    ),
    ("OFT", [("oft_blocks", [2, 4, 4])]), ("(IA)³", [("weight", [8]), ("on_input", [])]),
  ])
  func plainOfWhatNeedsABaseIsRefused(title: String, parts: [(name: String, shape: [Int])]) throws {
    let folder = try TemporaryFolder()
    let special = "lora_unet_mid_block_attentions_0_transformer_blocks_0_attn1_to_q"
    var file = Self.plain()
    if title == "DoRA" { file.addModule(special, 8, 8, rank: 2, seed: 4) }
    for part in parts {
      file.add("\(special).\(part.name)", part.shape, uniform(part.shape.reduce(1, *), seed: 5))
    }
    let path = try folder.write(file.bytes, to: "a.st")
    let arguments = ["convert", path, "--to", "kohya", "--plain", "-o", folder["o.st"]]
    let refused = try Program.run(arguments)
    #expect(refused.status == 1)
    #expect(
      refused.errors.contains(
        "\(special) (\(title), which --plain expands with --base and --rank only)"),
      "\(refused.errors)")
    #expect(try folder.names() == ["a.st"])
    let said = try report(arguments + ["--skip-unsupported"])
    #expect(said["left_out"] as? [String: [String]] == ["modules": [special]])
    let names = try AdapterFile(bytes: folder.bytes("o.st")).tensors.keys
    #expect(names.allSatisfy { $0.hasPrefix(Self.module) } && names.count == 3)
  }

  @Test func nothingIsWrittenWhereNothingIsAdded() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(Self.plain().bytes, to: "a.st")
    let outcome = try Program.run(["merge", "\(path):0", "-o", folder["out.st"]])
    #expect(outcome.status == 1)
    #expect(outcome.errors.contains("would hold no module"))
    #expect(try folder.names() == ["a.st"])
  }

  static let usages: [([String], String)] = [
    (["merge", "a.st", "--method", "svd"], "needs --rank N"),
    (["merge", "a.st", "--rank", "4"], "go with --method svd"),
    (["merge", "a.st", "--density", "0.5"], "has no meaning for --method concat"),
    (
      ["merge", "a.st", "--method", "ties", "--rank", "4", "--density", "2"], "above 0 and up to 1"
    ),
    (["merge", "a.st", "--method", "ties", "--rank", "4", "--seed", "2"], "--seed has no meaning"),
    (["merge", "-", "-"], "Only one of the files can be standard input"),
    (["resize", "a.st"], "Give one of --rank"),
    (["resize", "a.st", "--rank", "4", "--bytes", "8MB"], "Give one of --rank"),
    (["resize", "a.st", "--rank", "0"], "--rank takes a whole number from 1 to 1000000, not 0\n"),
    (
      ["resize", "a.st", "--sv-fro", "1.5"],
      "--sv-fro takes a number above 0 and up to 1, not 1.5\n"
    ),
    (["resize", "a.st", "--sv-ratio", "0.5"], "takes a number from 1 to 1000000000000, not 0.5\n"),
    (["resize", "a.st", "--sv-fro", "0.9", "--dylora"], "--dylora goes with --rank"),
    (["diff", "a.st", "b.st", "--rank", "4"], "go with -o"),
  ]

  @Test(arguments: usages) func wrongUsageIsNamed(arguments: [String], message: String) throws {
    let outcome = try Program.run(arguments)
    #expect(outcome.status == 64)
    #expect(outcome.errors.contains(message), "\(outcome.errors)")
  }
}
