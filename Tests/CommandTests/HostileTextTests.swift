import Foundation
import JSON
import TestSupport
import Testing

@testable import CommandSupport

/// No name, value, key or metadata reaches a terminal with its controls.
@Suite struct HostileTextTests {
  /// Escape, a return, C1's escape, marks of direction, and a line that pretends to be ours.
  static let name = "e\u{1B}[31m\r\u{9B}1m\u{202E}\u{2066}\u{7F}\u{85}\u{2028}\nlora: forged"

  private func expectClean(_ arguments: [String]) throws {
    let outcome = try Program.run(arguments)
    for text in [outcome.output, outcome.errors] {
      let controls = text.unicodeScalars.filter { scalar in
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: scalar != "\n"
        default: false
        }
      }
      #expect(controls.isEmpty, "\(arguments): \(controls)")
      #expect(!text.contains("\nlora: forged"), "\(arguments)")
    }
    #expect(outcome.status >= 0 && outcome.status != 4, "\(arguments)")
  }

  /// The least that each command needs, so that an option more is looked at.
  private static func base(_ command: String, _ folder: TemporaryFolder) -> [String] {
    let adapter = "pair/a.safetensors"
    let training = ["--dry-run", "--model", "train/tiny-model", "--resolution", "64"]
    switch command {
    case "diff": return [adapter, "pair/b.safetensors"]
    case "merge": return [adapter, "-o", folder["out.st"]]
    case "resize": return [adapter, "--rank", "2", "-o", folder["out.st"]]
    case "convert": return [adapter, "--to", "kohya", "-o", folder["out.st"]]
    case "train": return training + ["--image", "images/rgb.png", "-o", folder["out.st"]]
    case "slider":
      return training + [
        "--before", "images/rgb.png", "--after", "images/grey.png", "-o", folder["out.st"],
      ]
    case "sample":
      return [
        "--model", "train/tiny-model", "--steps", "1", "--width", "64", "--height", "64",
        "--tokenizer", "paperdoll/model/tokenizer", "-o", folder["out.png"],
      ]
    case "devices", "manual": return []
    default: return [adapter]
    }
  }

  @Test func everyOptionOfEveryCommand() throws {
    let folder = try TemporaryFolder()
    let value = folder[Self.name]
    var seen: Set<String> = []
    for command in try CommandTable.commands() where command.commandName != "manual" {
      let base = [command.commandName] + Self.base(command.commandName, folder)
      for argument in command.arguments ?? [] where argument.kind != "flag" {
        guard let option = argument.spelling else {
          try expectClean(base + [value])
          continue
        }
        // Training has 130 options, and a debug build takes seconds to read them: those that take a
        // path, and one of each kind that is printed differently.
        let isTraining = ["train", "slider"].contains(command.commandName)
        let kind = argument.valueName ?? ""
        let isPath = ["file", "folder", "path", "picture"].contains(kind)
        if isTraining && !isPath && !["n", "name", "text", "key=value"].contains(kind) { continue }
        let key = isTraining ? (isPath ? option : kind) : command.commandName + option
        guard seen.insert(key).inserted else { continue }
        try expectClean(base + [option, value])
      }
    }
  }

  @Test func everyWordThatNobodyKnows() throws {
    let name = Self.name
    for arguments in [
      [name], ["--\(name)"], ["inspect", "--\(name)"], ["train", "--\(name)=1"],
      ["merge", "pair/a.safetensors", "-\(name)"], ["merge", "\(name):0.5"],
      ["metadata", "pair/a.safetensors", "get", name],
      ["metadata", "pair/a.safetensors", "remove", name],
      ["metadata", "pair/a.safetensors", name], ["help", name],
      ["sample", "--model", "train/tiny-model", "--lora", "\(name):0..1/2", "-o", "/dev/null"],
      ["train", "--network-args", name, "--model", "x"], ["train", "--\(name)", "x"],
    ] {
      try expectClean(arguments)
    }
  }

  /// Files that are there, under a hostile name and with hostile insides.
  @Test func everyReport() throws {
    let folder = try TemporaryFolder()
    let name = Self.name
    let (adapter, hostile) = (folder["a\(name)"], folder["h\(name)"])
    try FileManager.default.copyItem(atPath: Fixtures.path("pair/a.safetensors"), toPath: adapter)
    try FileManager.default.copyItem(
      atPath: Fixtures.path("inspect/hostile.safetensors"), toPath: hostile)
    let faulty = folder["f\(name)"]
    try FileManager.default.copyItem(
      atPath: Fixtures.path("inspect/faulty.safetensors"), toPath: faulty)
    let config = try folder.write(
      Array("\"\(name.debugDescription.dropFirst().dropLast())\" = 1".utf8), to: "c\(name).toml")
    let out = folder["o\(name)"]
    for arguments in [
      ["inspect", adapter, hostile, "--modules", "--metadata", "--spectrum"],
      ["inspect", "--json", adapter, hostile], ["inspect", folder.path],
      ["inspect", "--check", faulty],
      ["hash", adapter], ["hash", "--json", adapter], ["hash", "--kind", "sha256", folder.path],
      ["verify", faulty], ["verify", "--json", faulty, hostile], ["metadata", hostile],
      ["metadata", hostile, "--json"], ["metadata", adapter, "set", "\(name)=\(name)", "-o", out],
      ["metadata", out], ["metadata", out, "--json"], ["diff", adapter, "pair/b.safetensors"],
      ["diff", adapter, hostile, "--json"],
      ["merge", adapter, "pair/b.safetensors", "-o", out + ".pt"],
      ["resize", adapter, "--rank", "2", "-o", out, "--modules"],
      ["convert", adapter, "--to", "diffusers", "-o", out], ["train", "--config", config],
      ["merge", hostile, "-o", out], ["convert", hostile, "--to", "peft", "-o", out],
    ] {
      try expectClean(arguments)
    }
  }

  @Test func bothLayoutsOfJSONSpellControlsOut() throws {
    struct Report: Codable, Equatable {
      var name = HostileTextTests.name + "\u{E0001}é頭😀\u{10FFFF}"
    }
    for layout in [JSONLayout.pretty, .compact] {
      let text = try json(Report(), layout)
      #expect(text.contains(#"\u001b[31m\r\u009b1m\u202e\u2066\u007f\u0085\u2028\nlora: forged"#))
      #expect(text.contains(#"\udb40\udc01é頭😀\udbff\udfff"#))
      #expect(try JSONDecoder().decode(Report.self, from: Data(text.utf8)) == Report())
    }
  }

  @Test func hashEscapesAsSha256sumDoes() throws {
    let folder = try TemporaryFolder()
    for (index, name) in ["a b", "back\\slash", "new\nline", "re\rturn", "crlf\r\n"].enumerated() {
      try FileManager.default.copyItem(
        atPath: Fixtures.path("inspect/small.safetensors"), toPath: folder[name])
      let check = try Program.run(
        script: #"cd "$1"; "$LORA" hash --kind sha256 "$2" | sha256sum -c --status"#, folder.path,
        name)
      #expect(check.status == 0, "\(index)")
    }
  }

  @Test(.enabled(if: Program.isInstalled("script"), "there is no script(1)"))
  func rawMetadataIsForPipesAlone() throws {
    let folder = try TemporaryFolder()
    let set = try Program.run(
      "metadata", "pair/a.safetensors", "set", "key=\(Self.name)", "-o", folder["a"])
    #expect(set.status == 0, "\(set.errors)")
    let piped = try Program.run("metadata", folder["a"], "get", "key")
    #expect(piped.output == Self.name + "\n")
    let shown = try Program.onTerminal("metadata", folder["a"], "get", "key")
    #expect(!shown.contains("\u{1B}") && shown.contains(#"e\u{1b}[31m"#), "\(shown)")
  }

  /// What goes around `Terminal` would go around its escapes.
  @Test func nothingPrintsButTerminal() throws {
    let sources = Fixtures.directory.deletingLastPathComponent().appending(path: "Sources")
    let files = FileManager.default.enumerator(at: sources, includingPropertiesForKeys: nil)
    var count = 0
    while let file = files?.nextObject() as? URL {
      guard file.pathExtension == "swift", file.lastPathComponent != "Terminal.swift" else {
        continue
      }
      count += 1
      let text = try String(contentsOf: file, encoding: .utf8)
      let prints = text.firstMatch(
        of: /(^|[^.\w])(Swift\.)?(debugPrint|print|fputs|exit\(withError)\(/)
      #expect(prints == nil, "\(file.lastPathComponent)")
    }
    #expect(count > 300)
  }
}
