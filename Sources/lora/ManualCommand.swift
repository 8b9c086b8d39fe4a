import ArgumentParser
import ComputeCUDA
import Files
import FoundationEssentials

/// Writes the manual, a page for the program and for each command: `make install` calls it.
struct ManualCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "manual", abstract: "Write manual pages into a folder.", shouldDisplay: false)

  @Argument(help: "The folder; made where it is missing.", completion: .directory)
  var folder: String

  func run() throws {
    let lora = try CommandDescription(Lora.self)
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try write(lora, program: "lora")
    for command in lora.shownSubcommands {
      try write(command, program: "lora-\(command.commandName)")
    }
  }

  private func write(_ command: CommandDescription, program: String) throws {
    let page = command.manualPage(of: program, version: Lora.configuration.version)
    try OutputFile(path: "\(folder)/\(program).1").commit(page)
  }
}

extension CommandDescription {
  private var shownArguments: [Argument] { (arguments ?? []).filter(\.shouldDisplay) }

  /// The page in roff, by the macros of man(7).
  ///
  /// - Parameter program: The command's own name, `lora-inspect`.
  func manualPage(of program: String, version: String) -> String {
    var page = [
      #".TH \#(roff(program.uppercased())) 1 "" "lora \#(version)" "User Commands""#,
      ".SH NAME", #"\#(roff(program)) \- \#(roff(abstract ?? ""))"#,
      ".SH SYNOPSIS", #".B \#(roff(program.replacing("-", with: " ")))"#, roff(synopsis),
    ]
    if let discussion, !discussion.isEmpty { page += [".SH DESCRIPTION", roff(discussion)] }
    if !shownSubcommands.isEmpty {
      page.append(".SH COMMANDS")
      for command in shownSubcommands {
        page += [".TP", #".B \#(roff(command.commandName))"#, roff(command.abstract ?? "")]
      }
    }
    if !shownArguments.isEmpty { page += [".SH OPTIONS"] + shownArguments.flatMap(\.paragraph) }
    page += definitions("EXIT STATUS", exitStatuses)
    page += definitions(
      "ENVIRONMENT",
      variables.filter { $0.commands?.contains(commandName) ?? true }.map { ($0.name, $0.text) })
    return page.joined(separator: "\n") + "\n"
  }

  private var synopsis: String {
    let positional = shownArguments.filter { $0.kind == "positional" }.map { argument in
      let name = argument.placeholder + (argument.isRepeating ? "..." : "")
      return argument.isOptional ? "[\(name)]" : name
    }
    let words = shownSubcommands.isEmpty ? positional : ["COMMAND"]
    return (["[options]"] + words).joined(separator: " ")
  }
}

extension CommandDescription.Argument {
  fileprivate var placeholder: String { (valueName ?? "value").uppercased() }

  /// Its names, and what it does.
  fileprivate var paragraph: [String] {
    let title = [
      spellings.isEmpty ? nil : #"\fB\#(roff(spellings.joined(separator: ", ")))\fR"#,
      kind == "flag" ? nil : #"\fI\#(roff(placeholder))\fR"#,
    ].compactMap(\.self).joined(separator: " ")
    let preset = kind == "flag" ? nil : defaultValue.map { "Default: \($0)." }
    let text = [abstract, discussion, preset].compactMap(\.self).filter { !$0.isEmpty }
    return [".TP", title, roff(text.joined(separator: " "))]
  }
}

/// A section of words, each with what it means.
private func definitions(_ title: String, _ entries: [(word: String, text: String)]) -> [String] {
  [".SH \(title)"] + entries.flatMap { [".TP", #".B \#(roff($0.word))"#, roff($0.text)] }
}

private let exitStatuses = [
  ("0", "Done. Of diff without -o: the two are the same update."),
  ("1", "Failed, or a check has found a fault. Of diff without -o: the two differ."),
  ("2", "Trouble in diff without -o, such as a file that is missing or of another model."),
  ("64", "Wrong usage."),
  ("129, 130, 143", "Stopped by SIGHUP, SIGINT (Ctrl-C) or SIGTERM."),
]

/// The variables that commands read; `nil` stands for all.
private let variables: [(name: String, text: String, commands: [String]?)] = {
  let training = ["train", "slider", "sample"]
  let writing = ["diff", "merge", "resize", "convert", "train", "slider"]
  let switches: [(name: String, text: String, commands: [String]?)] =
    DeviceSwitches.Switch.allCases.map { entry in
      (
        entry.rawValue, "Where it is \(entry.value), \(entry.effect): to find a GPU's faults.",
        ["lora"] + training
      )
    }
  return [
    (
      "LORA_TOKENIZER",
      "Folder with the vocab.json and merges.txt of a model that has none beside it. "
        + "Those of any Stable Diffusion will do; --tokenizer goes before it.",
      ["lora"] + training
    ),
    (
      "LORA_CUDA_PATH",
      "Folders, with colons between, where NVIDIA's libraries are looked for first.",
      ["lora", "devices"] + training
    ),
    (
      "SOURCE_DATE_EPOCH",
      "Seconds since 1970 to write into results as their date, so that they repeat.",
      ["lora"] + writing
    ),
    ("TMPDIR", "Where what is piped is kept meanwhile.", nil),
    ("COLUMNS", "How wide tables on a terminal may be.", nil),
    ("TERM", "Where it is dumb, progress is written line by line.", nil),
  ] + switches
}()

/// Text that roff shows unchanged: no hyphen for a minus, no request at the start of a line.
private func roff(_ text: String) -> String {
  let escaped = text.replacing(#"\"#, with: #"\e"#).replacing("-", with: #"\-"#)
  return escaped.split(separator: "\n", omittingEmptySubsequences: false)
    .map { $0.hasPrefix(".") || $0.hasPrefix("'") ? #"\&\#($0)"# : String($0) }
    .map { $0.isEmpty ? ".PP" : $0 }
    .joined(separator: "\n")
}
