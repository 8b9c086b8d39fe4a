import Foundation
import TestSupport
import Testing

/// What a command did not make stays as it is, whatever it is called.
@Suite struct BystanderTests {
  /// Names that results of other runs bear, or that a program might think its own.
  private static let bystanders = [
    "out-before.st", "out-after.st", "out-before-step00000001.st",
    "out-before-step00000001-state/state.json", "out-000001.st", "out-step00000001.st",
    "out-step00000001-state/state.json", "out-step00000001-state/notes.txt",
    "out-step00000002.st", "out-copies-abcdef/before.st", "out.st.tmp", "out.st.bak", "out.tmp",
    ".lora-1-2.tmp", "before.st", "after.st", "out-partial.png", "sample/out_000001_00.png",
    "log.jsonl", "out.json", "adapter_config.json",
  ]

  /// A command line, and what it may make or change: names, or the beginnings of names in a folder.
  struct Row: CustomStringConvertible {
    let arguments: [String]
    let results: [String]

    var description: String { arguments.joined(separator: " ") }
  }

  private static let training =
    InterruptionTests.model + [
      "--resolution", "16", "--seed", "1", "--learning-rate", "0.01", "-q",
    ]

  /// Every command at least once.
  static let rows: [Row] = [
    Row(arguments: ["inspect", "a.st", "--html", "page.html"], results: ["page.html"]),
    Row(arguments: ["inspect", "a.st", "--check"], results: []),
    Row(arguments: ["diff", "b.st", "a.st"], results: []),
    Row(arguments: ["diff", "b.st", "a.st", "-o", "out.st"], results: ["out.st"]),
    Row(arguments: ["merge", "a.st", "b.st", "-o", "out.st"], results: ["out.st"]),
    Row(arguments: ["merge", "a.st", "b.st", "-o", "out.st.zst"], results: ["out.st.zst"]),
    Row(arguments: ["resize", "a.st", "--rank", "2", "-o", "out.st"], results: ["out.st"]),
    Row(arguments: ["resize", "a.st", "--rank", "2", "-o", "a.st"], results: ["a.st"]),
    Row(
      arguments: ["convert", "a.st", "--to", "diffusers", "-o", "out.st"], results: ["out.st"]),
    Row(
      arguments: ["convert", "a.st", "--to", "peft", "--skip-unsupported", "-o", "out"],
      results: ["out/"]),
    Row(arguments: ["metadata", "a.st", "set", "note=x"], results: ["a.st"]),
    Row(arguments: ["metadata", "a.st", "remove", "ss_*", "-o", "out.st"], results: ["out.st"]),
    Row(arguments: ["hash", "a.st"], results: []),
    Row(arguments: ["verify", "a.st"], results: []),
    Row(arguments: ["devices"], results: []),
    Row(arguments: ["manual", "pages"], results: ["pages/"]),
    Row(
      arguments: ["train"] + training + [
        "--image", "low.png", "--initial-step", "2", "--max-train-steps", "4",
        "--save-every-n-steps", "1", "--save-last-n-steps", "1", "--save-state", "-o", "out.st",
      ],
      results: [
        "out.st", "out-step00000003.st", "out-step00000003-state/", "out-step00000004.st",
        "out-step00000004-state/", "out-state/",
      ]),
    Row(
      arguments: ["slider"] + training + [
        "--before", "low.png", "--after", "high.png", "--max-train-steps", "2", "--still-pictures",
        "1",
        "--no-check", "--strip", "strip.png", "--strip-weights", "0..1/2",
        "--strip-seeds", "1", "-o", "out.st",
      ], results: ["out.st", "strip.png"]),
    Row(
      arguments: ["slider"] + training + [
        "--before", "low.png", "--after", "high.png", "--max-train-steps", "200", "--keep-copies",
        "--method", "difference", "--no-check", "-o", "out.st",
      ], results: ["out.st", "out-before.st", "out-after.st"]),
    Row(
      arguments: ["sample"] + InterruptionTests.model + [
        "--steps", "2", "--seed", "1,2", "--width", "64", "--height", "64", "-q", "-o", "out.png",
      ], results: ["out.png"]),
  ]

  private func filled() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    for name in Self.bystanders {
      try FileManager.default.createDirectory(
        at: URL(filePath: folder[name]).deletingLastPathComponent(),
        withIntermediateDirectories: true)
      try folder.write("\(name), by someone else".utf8, to: name)
    }
    for (name, fixture) in [
      ("a.st", "pair/a.safetensors"), ("b.st", "pair/b.safetensors"),
      ("low.png", "paperdoll/small-head.png"), ("high.png", "paperdoll/big-head.png"),
    ] {
      try FileManager.default.copyItem(atPath: Fixtures.path(fixture), toPath: folder[name])
    }
    return folder
  }

  /// All files below a folder with their bytes; folders with none.
  private func contents(_ folder: TemporaryFolder) throws -> [String: [UInt8]] {
    var contents: [String: [UInt8]] = [:]
    for name in try FileManager.default.subpathsOfDirectory(atPath: folder.path) {
      var isFolder: ObjCBool = false
      _ = unsafe FileManager.default.fileExists(atPath: folder[name], isDirectory: &isFolder)
      contents[isFolder.boolValue ? name + "/" : name] =
        isFolder.boolValue ? [] : try folder.bytes(name)
    }
    return contents
  }

  @Test(arguments: rows)
  func othersFilesStay(_ row: Row) throws {
    let folder = try filled()
    let before = try contents(folder)
    let outcome = try Program.run(
      script: "cd \"$1\"; shift; exec \"$LORA\" \"$@\"", [folder.path] + row.arguments)
    #expect([0, row.arguments[0] == "diff" ? 1 : 0].contains(outcome.status), "\(outcome.errors)")
    let after = try contents(folder)
    let isResult = { (name: String) in
      row.results.contains { $0.hasSuffix("/") ? name.hasPrefix($0) : name == $0 }
    }
    let names = Set(before.keys).union(after.keys).filter { !isResult($0) }
    for name in names.sorted() { #expect(before[name] == after[name], "\(name)") }
    for result in row.results { #expect(after.keys.contains(result), "\(result)") }
  }

  /// A command without a row here is not tested.
  @Test func everyCommandHasARow() throws {
    struct Dump: Decodable {
      struct Command: Decodable {
        let commandName: String
        let subcommands: [Command]?
      }
      let command: Command
    }
    let text = try Program.run("--experimental-dump-help").output
    let dump = try JSONDecoder().decode(Dump.self, from: Data(text.utf8))
    let names = Set((dump.command.subcommands ?? []).map(\.commandName)).subtracting(["help"])
    #expect(names.count > 10)
    #expect(names == Set(Self.rows.map { $0.arguments[0] }))
  }

  /// Those that have nothing to save end at once, and leave what was there.
  @Test(arguments: [
    ["inspect", "slow"], ["diff", "slow", "a.st", "-o", "old.st"],
    ["merge", "a.st", "slow", "-o", "old.st"], ["resize", "slow", "--rank", "2", "-o", "old.st"],
    ["convert", "slow", "--to", "diffusers", "-o", "old.st"],
    ["metadata", "slow", "set", "note=x", "-o", "old.st"], ["hash", "slow"], ["verify", "slow"],
  ])
  func signalsEndReadersAtOnce(_ arguments: [String]) throws {
    let folder = try filled()
    try folder.write("what was there".utf8, to: "old.st")
    let made = unsafe mkfifo(folder["slow"], 0o600)
    #expect(made == 0)
    let names = try folder.names()
    for (signal, status) in InterruptionTests.signals {
      let run = try RunningProgram(arguments, in: folder.path)
      // Once it is open at this end too, the program waits for bytes.
      let descriptor = unsafe open(folder["slow"], O_WRONLY)
      #expect(descriptor >= 0)
      run.send(signal)
      #expect(run.outcome().status == status)
      close(descriptor)
      #expect(run.errors.isEmpty, "\(run.errors)")
      #expect(try folder.names() == names)
      #expect(try folder.bytes("old.st") == Array("what was there".utf8))
    }
  }
}
