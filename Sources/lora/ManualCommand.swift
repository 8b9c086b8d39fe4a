import ArgumentParser
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
