import TestSupport
import Testing

@testable import CommandSupport

/// What is shown on narrow terminals, and on those that know no escape sequences.
@Suite struct TerminalTests {
  private static let table = {
    var table = Table([
      ("module", .left), ("rank", .right), ("norm", .right), ("", .left), ("kept", .right),
    ])
    table.add([
      "down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_k", "4", "1.5", "███", "9 %",
    ])
    table.add(["頭の大きさを変える.safetensors", "128", "12.25", "", "100.00 %"])
    return table
  }()

  @Test(arguments: 12...110) func noLineIsWiderThanTheTerminal(width: Int) {
    let lines = Self.table.text(width: width).split(separator: "\n")
    for line in lines.prefix(3) { #expect(columns(of: String(line)) <= width, "\(line)") }
    let all = ["rank", "norm", "kept"]
    let missing = all.filter { !lines[0].contains($0) }
    #expect(lines.count == (missing.isEmpty ? 3 : 4))
    if lines.count == 4 { #expect(lines[3] == "(no room for \(missing.joined(separator: ", ")))") }
  }

  @Test func columnsLineUpUnderWideCharacters() {
    let lines = Self.table.text.split(separator: "\n").map(String.init)
    #expect(columns(of: lines[1]) == columns(of: lines[2]))
    #expect(columns(of: "頭e\u{301}x") == 4)
  }

  @Test(.enabled(if: Program.isInstalled("script"), "there is no script(1)"))
  func tablesFitTheTerminal() throws {
    let shown = try Program.onTerminal("inspect", "pair/a.safetensors", columns: 40)
    let table = shown.split(separator: "\r\n").drop { !$0.hasPrefix("block") }
    #expect(table.count == 3, "\(shown)")
    for line in table { #expect(columns(of: String(line)) <= 40, "\(line)") }
    let wide = try Program.onTerminal("inspect", "pair/a.safetensors", columns: 100)
    #expect(wide.contains("█"))
  }

  @Test(
    .enabled(if: Program.isInstalled("script"), "there is no script(1)"),
    arguments: ["xterm", "dumb"])
  func progressIsErasedWhereItCanBe(type: String) throws {
    let folder = try TemporaryFolder()
    let shown = try Program.onTerminal(
      "train", "--model", "train/tiny-model", "--tokenizer", "paperdoll/model/tokenizer", "--image",
      "images/rgb.png", "--resolution", "64", "--max-train-steps", "2", "--seed", "1", "-o",
      folder["a.safetensors"], columns: 40, type: type)
    #expect(shown.contains("step 1 of 2"), "\(shown)")
    #expect(shown.contains("\u{1B}") == (type == "xterm"), "\(shown)")
    if type == "dumb" { #expect(shown.contains("lora: step 1 of 2")) }
    for piece in shown.split(separator: "\r\u{1B}[K").dropFirst() where piece.hasPrefix("step") {
      #expect(columns(of: String(piece.prefix { $0 != "\r" && $0 != "\r\n" })) < 40, "\(piece)")
    }
  }

  @Test func aFullDiskBehindStandardOutputIsAnError() throws {
    let outcome = try Program.run(script: #""$LORA" inspect pair/a.safetensors > /dev/full"#)
    #expect(outcome.status == 1)
    #expect(outcome.errors.hasPrefix("lora: standard output: cannot write: no space left"))
    let pipe = try Program.run(script: #""$LORA" inspect --json pair/a.safetensors | head -c 1"#)
    #expect(pipe.status == 0 && pipe.errors.isEmpty)
  }
}
