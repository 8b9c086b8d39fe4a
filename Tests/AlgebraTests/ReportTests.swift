import Foundation
import TestSupport
import Testing

/// What the commands say of `fixtures/pair`, and what their results say of themselves.
@Suite(.serialized) struct ReportTests {
  private static let pair = ["pair/b.safetensors", "pair/a.safetensors"]

  static let commands: [(name: String, arguments: [String])] = [
    ("merge", ["merge", "pair/b.safetensors:1", "pair/a.safetensors:-0.5"]),
    (
      "merge-svd",
      [
        "merge", "pair/b.safetensors", "pair/a.safetensors", "--method", "svd", "--rank", "2",
        "--modules",
      ]
    ),
    ("resize", ["resize", "pair/b.safetensors", "--rank", "2"]),
    ("resize-bytes", ["resize", "pair/b.safetensors", "--bytes", "40kB", "--modules"]),
    ("diff", ["diff", "pair/b.safetensors", "pair/a.safetensors"]),
  ]

  @Test(arguments: commands) func textIsGolden(_ command: (name: String, arguments: [String]))
    throws
  {
    let folder = try TemporaryFolder()
    let isComparison = command.name == "diff"
    let output = isComparison ? [] : ["-o", folder["out.st"]]
    let outcome = try Program.run(command.arguments + output)
    #expect(outcome.status == (isComparison ? 1 : 0))
    let text = (isComparison ? outcome.output : outcome.errors)
      .replacing(folder["out.st"], with: "out.st")
    try expect(text, matchesFixture: "algebra/\(command.name).txt")
  }

  @Test func metadataSaysHowTheResultWasMade() throws {
    let folder = try TemporaryFolder()
    try report([
      "merge", "pair/b.safetensors:1", "pair/a.safetensors:-0.5", "-o", folder["both.st"],
    ])
    let metadata = try AdapterFile(bytes: folder.bytes("both.st")).metadata
    #expect(metadata["ss_network_dim"] == "8" && metadata["ss_network_alpha"] == "2")
    #expect(metadata["ss_network_module"] == "networks.lora")
    #expect(metadata["ss_base_model_version"] == "sd_v1")
    // A name would make the bytes depend on where they are written.
    #expect(metadata["ss_output_name"] == nil && metadata["modelspec.title"] == nil)
    #expect(metadata["modelspec.architecture"] == "stable-diffusion-v1/lora")
    #expect(metadata["modelspec.merged_from"] == "b, a")
    #expect(metadata["modelspec.date"] == "2023-11-14T22:13:20")
    #expect(metadata["ss_training_comment"] == "merge (concat): b * 1.0 + a * -0.5")
    let sources = try #require(metadata["lora.sources"])
    let parsed = try JSONSerialization.jsonObject(with: Data(sources.utf8)) as? [[String: Any]]
    #expect(parsed?.map { $0["coefficient"] as? Double } == [1, -0.5])
    #expect(parsed?.map { $0["name"] as? String } == ["b.safetensors", "a.safetensors"])
    #expect(parsed?.allSatisfy { ($0["sshs_model_hash"] as? String)?.count == 64 } == true)
    #expect(try Program.run("verify", folder["both.st"]).status == 0)
  }

  @Test func ranksOfWideKernelsAreAmongTheArguments() throws {
    let folder = try TemporaryFolder()
    var file = AdapterFile()
    file.addModule("lora_unet_down_blocks_0_attentions_0_proj_in", 20, 12, rank: 8, seed: 1)
    file.addModule(
      "lora_unet_down_blocks_0_resnets_0_conv1", 20, 12, kernel: [3, 3], rank: 8, seed: 2)
    file.metadata = [
      "ss_network_args": #"{"conv_dim": "8", "conv_alpha": "1", "dropout": "0.1"}"#,
      "sshs_model_hash": "old", "ss_training_comment": "mine", "ss_network_dim": "8",
    ]
    let path = try folder.write(file.bytes, to: "a.st")
    try report(["resize", path, "--rank", "4", "--conv-rank", "2", "-o", folder["o.st"]])
    let metadata = try AdapterFile(bytes: folder.bytes("o.st")).metadata
    #expect(metadata["ss_network_dim"] == "4" && metadata["ss_network_alpha"] == "0.5")
    #expect(
      metadata["ss_network_args"]
        == #"{"conv_alpha":"0.25","conv_dim":"2","dropout":"0.1"}"#)
    #expect(
      metadata["ss_training_comment"] == "dimension is resized from 8 to 4 (conv: 2); mine")
    #expect(metadata["sshs_model_hash"]?.count == 64)
  }

  @Test func biasesAndWholeDifferencesAreAdded() throws {
    let folder = try TemporaryFolder()
    let name = "lora_unet_mid_block_attentions_0_proj_out"
    var a = AdapterFile()
    a.addModule(name, 6, 5, rank: 2, alpha: 2, seed: 1)
    a.add(name + ".diff_b", [6], uniform(6, seed: 9))
    a.add("lora_unet_mid_block_attentions_0_norm.w_norm", [6], uniform(6, seed: 10))
    var b = AdapterFile()
    b.add(name + ".diff_b", [6], uniform(6, seed: 11))
    b.add("lora_unet_mid_block_attentions_0_norm.w_norm", [6], uniform(6, seed: 12))
    let paths = [try folder.write(a.bytes, to: "a.st"), try folder.write(b.bytes, to: "b.st")]
    let said = try report(["merge", paths[0], "\(paths[1]):-2", "-o", folder["o.st"]])
    #expect(try #require(said["relative_error"] as? Double) < 1e-7)
    let result = try AdapterFile(bytes: folder.bytes("o.st"))
    #expect(result.updates == a.updates)
    for tensor in [name + ".diff_b", "lora_unet_mid_block_attentions_0_norm.w_norm"] {
      let (x, y) = (try #require(a.values(tensor)), try #require(b.values(tensor)))
      expect(
        try #require(result.values(tensor)), approximates: zip(x, y).map { $0 - 2 * $1 },
        within: 1e-6)
    }
    #expect(result.tensors.count == 5)
    #expect(try Program.run("diff", folder["o.st"], folder["o.st"]).status == 0)
    #expect(try Program.run("diff", folder["o.st"], paths[0]).status == 1)
  }
}
