import ArgumentParser
import FoundationEssentials

/// ArgumentParser's description of a command, as `--experimental-dump-help` prints it.
struct CommandDescription: Decodable {
  struct Argument: Decodable {
    struct Name: Decodable {
      let kind: String
      let name: String

      /// Its name as users write it: `--rank`, `-o`.
      var spelling: String { (kind == "long" ? "--" : "-") + name }
    }

    let kind: String
    let shouldDisplay: Bool
    let isOptional: Bool
    let isRepeating: Bool
    let names: [Name]?
    let valueName: String?
    let defaultValue: String?
    let allValues: [String]?
    let abstract: String?
    let discussion: String?

    var spellings: [String] { (names ?? []).map(\.spelling) }
  }

  let commandName: String
  let shouldDisplay: Bool
  let abstract: String?
  let discussion: String?
  let subcommands: [CommandDescription]?
  let arguments: [Argument]?

  private struct Dump: Decodable {
    let command: CommandDescription
  }

  /// A command, or the program with all of its.
  init(_ command: any ParsableCommand.Type) throws {
    self = try JSONDecoder().decode(Dump.self, from: Data(command._dumpHelp().utf8)).command
  }

  var shownSubcommands: [CommandDescription] {
    (subcommands ?? []).filter { $0.shouldDisplay && $0.commandName != "help" }
  }

  /// The option or flag of a spelling such as `--rank`.
  func option(_ spelling: some StringProtocol) -> Argument? {
    (arguments ?? []).first { $0.spellings.contains { $0 == spelling } }
  }
}
