import Foundation

/// What `lora` tells of its own commands, for tests that walk over all of them.
package struct CommandTable: Decodable {
  package struct Command: Decodable {
    package let commandName: String
    package let subcommands: [Command]?
    package let arguments: [Argument]?
  }

  package struct Argument: Decodable {
    package struct Name: Decodable {
      package let kind: String
      package let name: String
    }

    package let kind: String
    package let shouldDisplay: Bool
    package let names: [Name]?
    package let valueName: String?
    package let abstract: String?
    package let allValues: [String]?

    /// `["file": …]`, `["list": …]`; nil where nothing is completed.
    package let completionKind: [String: Ignored]?

    /// As it is written first: `--rank`, `-o`; nil for a positional.
    package var spelling: String? {
      names?.first.map { ($0.kind == "long" ? "--" : "-") + $0.name }
    }
  }

  /// What is in a completion's description.
  package struct Ignored: Decodable {
    package init(from decoder: any Decoder) {}
  }

  private let command: Command

  /// All commands, without `help`, which is ArgumentParser's.
  package static func commands() throws -> [Command] {
    let dump = try Program.run("--experimental-dump-help").output
    let table = try JSONDecoder().decode(CommandTable.self, from: Data(dump.utf8))
    return (table.command.subcommands ?? []).filter { $0.commandName != "help" }
  }
}
