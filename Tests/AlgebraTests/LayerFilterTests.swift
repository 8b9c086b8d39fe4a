import Adapters
import Names
import TestSupport
import Testing

/// Which modules a merge takes of its inputs, by kind, by block and by other files.
@Suite struct LayerFilterTests {
  private static let attention = "lora_unet_mid_block_attentions_0_transformer_blocks_0_attn1_to_k"
  private static let cross =
    "lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn2_to_v"
  private static let forward =
    "lora_unet_mid_block_attentions_0_transformer_blocks_0_ff_net_0_proj"
  private static let convolution = "lora_unet_down_blocks_1_resnets_0_conv1"
  private static let encoder = "lora_te_text_model_encoder_layers_3_self_attn_q_proj"
  private static let all = [attention, cross, forward, convolution, encoder]

  private static func file(_ names: [String]) -> AdapterFile {
    var file = AdapterFile()
    for (index, name) in names.enumerated() {
      file.addModule(
        name, 6, 5, kernel: name.contains("conv") ? [3, 3] : [], rank: 2, seed: UInt64(index + 1))
    }
    return file
  }

  static let cases: [(options: String, kept: [String])] = [
    ("--only attention", [attention, cross, encoder]),
    ("--only cross-attention", [cross]),
    ("--only self-attention --only denoiser", [attention]),
    ("--only feed-forward,convolution", [forward, convolution]),
    ("--except text-encoder,IN00-05", [attention, forward]),
    ("--only mid", [attention, forward]),
    ("--only mid --except attention", [forward]),
    ("--only-in other.st", [attention, encoder]),
    ("--except-in other.st", [cross, forward, convolution]),
    ("--except-in other.st --only convolution", [convolution]),
  ]

  @Test(arguments: cases)
  func keepsWhatPasses(_ known: (options: String, kept: [String])) throws {
    let folder = try TemporaryFolder()
    let file = Self.file(Self.all)
    try folder.write(file.bytes, to: "a.st")
    try folder.write(Self.file([Self.attention, Self.encoder]).bytes, to: "other.st")
    let options = known.options.split(separator: " ").map {
      $0.hasSuffix(".st") ? folder["\($0)"] : String($0)
    }
    let said = try report(["merge", folder["a.st"], "-o", folder["o.st"]] + options)
    let result = try AdapterFile(bytes: folder.bytes("o.st"))
    #expect(Set(result.updates.keys) == Set(known.kept))
    for name in known.kept { #expect(result.updates[name] == file.updates[name], "\(name)") }
    let leftOut = said["left_out"] as? [String: [String]] ?? [:]
    #expect(Set(leftOut["filtered"] ?? []) == Set(Self.all).subtracting(known.kept))
  }

  /// Another naming of the same layers is the same layers.
  @Test func otherNamingsMeet() throws {
    let folder = try TemporaryFolder()
    try folder.write(Self.file(Self.all).bytes, to: "a.st")
    var other = AdapterFile()
    let name = "unet.mid_block.attentions.0.transformer_blocks.0.attn1.to_k"
    other.add(name + ".lora_A.weight", [2, 5], uniform(10, seed: 1))
    other.add(name + ".lora_B.weight", [6, 2], uniform(12, seed: 2))
    try folder.write(other.bytes, to: "other.st")
    try report([
      "merge", folder["a.st"], "--only-in", folder["other.st"], "-o", folder["o.st"],
    ])
    #expect(
      Set(try AdapterFile(bytes: folder.bytes("o.st")).updates.keys) == [Self.attention])
  }

  @Test func aCheckpointSaysWhichLayersThereAre() throws {
    let folder = try TemporaryFolder()
    try folder.write(Self.file(Self.all).bytes, to: "a.st")
    var model = AdapterFile()
    model.add(
      "model.diffusion_model.middle_block.1.transformer_blocks.0.attn1.to_k.weight", [6, 5],
      uniform(30, seed: 1))
    try folder.write(model.bytes, to: "model.st")
    try report([
      "merge", folder["a.st"], "--only-in", folder["model.st"], "-o", folder["o.st"],
    ])
    #expect(
      Set(try AdapterFile(bytes: folder.bytes("o.st")).updates.keys) == [Self.attention])
  }

  @Test func whatIsLeftOutIsNamed() throws {
    let folder = try TemporaryFolder()
    try folder.write(Self.file(Self.all).bytes, to: "a.st")
    let outcome = try Program.run(
      "merge", folder["a.st"], folder["a.st"], "--except", "convolution", "-o", folder["o.st"])
    #expect(
      outcome.errors.contains(
        "left out: 1 module that the options leave out (\(Self.convolution))"))
  }

  @Test func nothingLeftIsRefused() throws {
    let folder = try TemporaryFolder()
    try folder.write(Self.file([Self.attention]).bytes, to: "a.st")
    let outcome = try Program.run(
      "merge", folder["a.st"], "--only", "norm", "-o", folder["o.st"])
    #expect(outcome.status == 1)
    #expect(outcome.errors.contains("a.st: has no layer that passes --only norm"))
    #expect(try folder.names() == ["a.st"])
  }

  static let refused = [
    "attention,,MID", "somewhere", "IN00-IN99", "IN05-04", "blocks.x", "1,2", "", "IN-OUT",
  ]

  @Test(arguments: refused) func wordsThatAreNone(text: String) {
    #expect(LayerSelection(text) == nil)
  }

  @Test func rangesAreBlocks() throws {
    let layers = try #require(LayerSelection("blocks.2-4, in07-IN08"))
    for (name, isIn) in [
      ("diffusion_model.blocks.2.ffn.0", true), ("diffusion_model.blocks.4.ffn.0", true),
      ("diffusion_model.blocks.5.ffn.0", false), ("diffusion_model.blocks.1.ffn.0", false),
      ("lora_unet_down_blocks_2_attentions_0_proj_in", true),
    ] {
      #expect(layers.contains(Target.parse(name).target) == isIn, "\(name)")
    }
  }
}
