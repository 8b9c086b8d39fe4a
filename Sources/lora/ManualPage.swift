/// What ArgumentParser tells of a command, as `--experimental-dump-help` prints it.
struct CommandDescription: Decodable {
  struct Argument: Decodable {
    struct Name: Decodable {
      let kind: String
      let name: String
    }

    let kind: String
    let shouldDisplay: Bool
    let isOptional: Bool
    let isRepeating: Bool
    let names: [Name]?
    let valueName: String?
    let defaultValue: String?
    let abstract: String?
    let discussion: String?
  }

  let commandName: String
  let shouldDisplay: Bool
  let abstract: String?
  let discussion: String?
  let subcommands: [CommandDescription]?
  let arguments: [Argument]?
}

extension CommandDescription {
  var shownSubcommands: [CommandDescription] {
    (subcommands ?? []).filter { $0.shouldDisplay && $0.commandName != "help" }
  }

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
    page += [
      ".SH EXIT STATUS", "0: done. 1: failed, or a difference was found. 64: wrong usage.",
    ]
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
    let spellings = (names ?? []).map { ($0.kind == "long" ? "--" : "-") + $0.name }
    let title = [
      spellings.isEmpty ? nil : #"\fB\#(roff(spellings.joined(separator: ", ")))\fR"#,
      kind == "flag" ? nil : #"\fI\#(roff(placeholder))\fR"#,
    ].compactMap(\.self).joined(separator: " ")
    let preset = kind == "flag" ? nil : defaultValue.map { "Default: \($0)." }
    let text = [abstract, discussion, preset].compactMap(\.self).filter { !$0.isEmpty }
    return [".TP", title, roff(text.joined(separator: " "))]
  }
}

/// Text as roff shows it as it is: no hyphen for a minus, no request at the start of a line.
private func roff(_ text: String) -> String {
  let escaped = text.replacing(#"\"#, with: #"\e"#).replacing("-", with: #"\-"#)
  return escaped.split(separator: "\n", omittingEmptySubsequences: false)
    .map { $0.hasPrefix(".") || $0.hasPrefix("'") ? #"\&\#($0)"# : String($0) }
    .map { $0.isEmpty ? ".PP" : $0 }
    .joined(separator: "\n")
}
