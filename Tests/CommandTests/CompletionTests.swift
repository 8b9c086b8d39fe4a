import Foundation
import TestSupport
import Testing

/// Completions of the shells, for the program and for its links.
@Suite struct CompletionTests {
  @Test func everyPathIsCompletedAsAPath() throws {
    let paths: Set = ["file", "folder", "path", "picture", "checkpoint", "file[:weight]"]
    var count = 0
    for command in try CommandTable.commands() {
      for argument in command.arguments ?? [] {
        let isPath = argument.kind == "positional" && argument.valueName != "action"
        guard isPath || paths.contains(argument.valueName ?? "") else { continue }
        count += 1
        let kinds = argument.completionKind.map { Set($0.keys) } ?? []
        #expect(
          !kinds.isDisjoint(with: ["file", "directory"]),
          "\(command.commandName) \(argument.spelling ?? argument.valueName ?? "")")
      }
    }
    #expect(count > 60)
  }

  @Test func everyChoiceIsCompletedByItsValues() throws {
    for command in try CommandTable.commands() {
      for argument in command.arguments ?? [] where argument.allValues?.isEmpty == false {
        #expect(argument.completionKind?["list"] != nil, "\(argument.spelling ?? "")")
      }
    }
  }

  /// A word typed, and what it is completed to.
  static let completions: [(line: String, result: String)] = [
    ("lora insp", "inspect"), ("lora inspect al", "alpha.safetensors"),
    ("lora inspect --html se", "settings.toml"), ("lora train --config se", "settings.toml"),
    ("lora train --data fo", "folder"), ("lora merge --method tie", "ties"),
    ("lora sample --sampler dpm", "dpmsolver++"), ("lora sample --lora al", "alpha.safetensors"),
    ("lora convert x --to pe", "peft"), ("lora diff x se", "settings.toml"),
    ("lora-inspect al", "alpha.safetensors"), ("lora-inspect --htm", "--html"),
    ("lora-merge --method tie", "ties"), ("lora-sample --lora al", "alpha.safetensors"),
    ("lora-diff alpha.safetensors se", "settings.toml"),
  ]

  private static func folder() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    try folder.write([], to: "alpha.safetensors")
    try folder.write([], to: "settings.toml")
    try FileManager.default.createDirectory(
      atPath: folder["folder"], withIntermediateDirectories: true)
    return folder
  }

  @Test func bashCompletes() throws {
    let folder = try Self.folder()
    let script = """
      cd "$1"; . <("$LORA" --generate-completion-script bash); shift
      for line in "$@"; do
        COMP_LINE=$line COMP_POINT=${#line} COMPREPLY=()
        read -ra COMP_WORDS <<< "$line"
        COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        function=$(complete -p "${COMP_WORDS[0]}"); function=${function##*-F }
        ${function% *} "${COMP_WORDS[0]}" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
        echo "${COMPREPLY[*]}"
      done
      """
    let outcome = try Program.run(
      script: script, [folder.path] + Self.completions.map(\.line))
    #expect(outcome.errors.isEmpty, "\(outcome.errors)")
    #expect(
      outcome.output.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
        == Self.completions.map(\.result)[...].map { Substring($0) }[...])
  }

  @Test(.enabled(if: Program.isInstalled("fish"), "fish is not installed")) func fishCompletes()
    throws
  {
    let folder = try Self.folder()
    let script = """
      cd "$1"; shift; export HOME=$PWD
      for line in "$@"; do
        fish --no-config -c '"$LORA" --generate-completion-script fish | source
          complete -C "$argv[1]" | string split -f 1 \\t' -- "$line" 2>/dev/null | head -1
      done
      """
    let outcome = try Program.run(script: script, [folder.path] + Self.completions.map(\.line))
    let results = outcome.output.split(separator: "\n").map { $0.drop { $0 == " " } }
    #expect(
      results.map { $0.hasSuffix("/") ? $0.dropLast() : $0 }
        == Self.completions.map { Substring($0.result) })
  }

  @Test(.enabled(if: Program.isInstalled("zsh"), "zsh is not installed"))
  func zshReadsItsScriptForEachLink() throws {
    let folder = try TemporaryFolder()
    let script = """
      cd "$1"; export HOME=$PWD; "$LORA" --generate-completion-script zsh > _lora
      zsh -f -c 'fpath=($PWD $fpath); autoload -Uz compinit; compinit -u -D
        echo $_comps[lora] $_comps[lora-inspect] $_comps[lora-sample]; zsh -n _lora'
      """
    let outcome = try Program.run(script: script, [folder.path])
    #expect(outcome.output == "_lora _lora _lora\n", "\(outcome.errors)")
  }
}
