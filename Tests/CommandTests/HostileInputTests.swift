import Foundation
import TestSupport
import Testing

/// All commands that read, before inputs that never end, and that end too soon.
@Suite struct HostileInputTests {
  /// Each reads the adapter `@` or, where it stands for one, the model; and writes `%` if anything.
  static let commands: [[String]] = [
    ["inspect", "@"], ["inspect", "@", "--json"], ["hash", "@"], ["verify", "@"],
    ["metadata", "@"], ["metadata", "@", "set", "a=b", "-o", "%"],
    ["convert", "@", "--to", "diffusers", "-o", "%"], ["convert", "@", "--to", "peft", "-o", "%"],
    ["resize", "@", "--rank", "1", "-o", "%"],
    ["merge", "@", "pair/a.safetensors", "-o", "%"],
    ["merge", "@", "pair/a.safetensors", "-o", "%", "--method", "svd", "--rank", "1"],
    ["diff", "@", "pair/a.safetensors"], ["diff", "pair/a.safetensors", "@", "-o", "%"],
  ]

  private func run(
    _ command: [String], input: String, output: String, script: String
  ) throws -> Program.Outcome {
    let words = command.map { $0 == "@" ? input : $0 == "%" ? output : $0 }
    return try Program.run(script: script, [input] + words)
  }

  @Test(arguments: commands) func endlessInputIsRefused(command: [String]) throws {
    let folder = try TemporaryFolder()
    // The last three begin as other formats do by their first byte, and are none of them.
    let sources = [
      ("/dev/zero", "/dev/null"), ("-", "/dev/zero"), ("-", "<(yes)"), ("-", "<(yes '{y')"),
      ("-", "<(yes '<y')"), ("-", "<(yes PKy)"),
    ]
    for (input, source) in sources {
      let outcome = try run(
        command, input: input, output: folder["out"],
        script: "shift; timeout 60 \"$LORA\" \"$@\" < \(source)")
      #expect(outcome.status == 1 || outcome.status == 2, "\(command) \(outcome)")
      let words = outcome.errors + outcome.output
      #expect(words.contains("is this a safetensors file?"), "\(command) \(outcome)")
    }
    #expect(try folder.names().isEmpty)
  }

  /// The file is cut as soon as the program has mapped it.
  private static let cutting = """
    input=$1; shift
    "$LORA" "$@" & program=$!
    until grep -qF "$input" /proc/$program/maps 2>/dev/null; do
      kill -0 $program 2>/dev/null || break
    done
    truncate -s 0 "$input"
    wait $program
    """

  @Test(arguments: commands.filter { $0 != ["metadata", "@"] })
  func aFileCutShortIsNamed(command: [String]) throws {
    let folder = try TemporaryFolder()
    let input = folder["in.safetensors"]
    try Self.writeZeros(to: input, modules: 6, side: 2048, rank: 512)
    let other = folder["other.safetensors"]
    try FileManager.default.copyItem(atPath: input, toPath: other)
    let outcome = try run(
      command.map { $0 == "pair/a.safetensors" ? other : $0 }, input: input,
      output: folder["out"], script: Self.cutting)
    #expect(outcome.status == 1 || outcome.status == 2, "\(command) \(outcome)")
    let lines = (outcome.errors + outcome.output).split(separator: "\n")
    let message = ": was cut short while it was read; try again when nothing writes it"
    #expect(
      lines.contains { $0.contains(input + message) || $0.contains("\(input): has 0 bytes") },
      "\(command) \(outcome)")
    #expect(try folder.names() == ["in.safetensors", "other.safetensors"])
  }

  /// Baking copies what it does not change by itself.
  @Test func aModelCutShortIsNamed() throws {
    let folder = try TemporaryFolder()
    let input = folder["in.safetensors"]
    try Self.write(
      (0..<8).map { ("first_stage_model.\($0).weight", [4096, 2048]) } + [
        (
          "model.diffusion_model.input_blocks.1.1.transformer_blocks.0.attn1.to_q.weight",
          [32, 32]
        )
      ], to: input)
    let adapter = folder["adapter"]
    let module = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q"
    try Self.write(
      [("\(module).lora_down.weight", [1, 32]), ("\(module).lora_up.weight", [32, 1])], to: adapter)
    let outcome = try run(
      ["merge", adapter, "--into", "@", "-o", "%"], input: input, output: folder["out"],
      script: Self.cutting)
    #expect(outcome.status == 1)
    // On a busy machine the cut may come before the header is read.
    let message = "\(input): was cut short while it was read; try again when nothing writes it"
    #expect(
      outcome.errors.contains(message) || outcome.errors.contains("\(input): has 0 bytes"),
      "\(outcome)")
    #expect(try folder.names() == ["adapter", "in.safetensors"])
  }

  /// An adapter of zeros that takes no room on the disk.
  private static func writeZeros(to path: String, modules: Int, side: Int, rank: Int) throws {
    try write(
      (0..<modules).flatMap { index -> [(String, [Int])] in
        let name = "lora_unet_mid_block_attentions_0_transformer_blocks_\(index)_attn1_to_q"
        return [
          ("\(name).lora_down.weight", [rank, side]), ("\(name).lora_up.weight", [side, rank]),
        ]
      }, to: path)
  }

  private static func write(_ tensors: [(name: String, shape: [Int])], to path: String) throws {
    var (entries, end) = ([String](), 0)
    for tensor in tensors {
      let count = tensor.shape.reduce(4, *)
      entries.append(
        #""\#(tensor.name)":{"dtype":"F32","shape":\#(tensor.shape),"data_offsets":[\#(end),\#(end + count)]}"#
      )
      end += count
    }
    let json = Data("{\(entries.joined(separator: ","))}".utf8)
    var length = UInt64(json.count).littleEndian
    try (unsafe Data(bytes: &length, count: 8) + json).write(to: URL(filePath: path))
    try FileHandle(forWritingTo: URL(filePath: path)).truncate(
      atOffset: UInt64(8 + json.count + end))
  }
}
