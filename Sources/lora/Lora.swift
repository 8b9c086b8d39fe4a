import ArgumentParser
import CommandSupport
import Convert
import Devices
import Diff
import Glibc
import Inspect
import Merge
import Resize
import Train

/// The one program: `lora inspect …`, or `lora-inspect …` through a link of that name, as busybox
/// does it.
@main
struct Lora: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "lora",
    abstract: "Inspect, compare, merge, resize and train LoRA adapters.",
    discussion: """
      Every command is described by lora COMMAND --help. Files are safetensors,
      recognised by content; - is standard input or output, and zstd is undone and
      done on the way.
      """,
    version: "0.1.0",
    subcommands: [
      InspectCommand.self, DiffCommand.self, MergeCommand.self, ResizeCommand.self,
      ConvertCommand.self, TrainCommand.self, SliderCommand.self, SampleCommand.self,
      DevicesCommand.self, HashCommand.self, VerifyCommand.self, MetadataCommand.self,
      ManualCommand.self,
    ])

  static func main() {
    // Writing into a closed pipe, or past a size limit, is an answer of `write`, not a signal.
    signal(SIGPIPE, SIG_IGN)
    signal(SIGXFSZ, SIG_IGN)
    do {
      var command = try parseAsRoot(
        TrainCommand.expanding(arguments(from: CommandLine.arguments)))
      try command.run()
    } catch {
      fail(error)
    }
  }

  /// Ends the program: 0 and help where help was asked for, 64 and usage for wrong usage, else 1
  /// and one line.
  private static func fail(_ error: any Error) -> Never {
    let status = exitCode(for: error)
    if let complaint = ValueComplaint(message(for: error)) {
      Terminal.note("\(complaint)")
      Glibc.exit(status.rawValue)
    }
    if status.isSuccess || status == .validationFailure || error is ExitCode {
      exit(withError: error)
    }
    Terminal.note(message(for: error).split(separator: "\n").joined(separator: " "))
    Glibc.exit(status.rawValue)
  }

  /// `["/bin/lora-inspect", "x"]` and `["lora", "inspect", "x"]` both give `["inspect", "x"]`.
  static func arguments(from commandLine: [String]) -> [String] {
    let program = commandLine.first?.split(separator: "/").last ?? ""
    let link = configuration.subcommands.first { program == "lora-\($0._commandName)" }
    return (link.map { [$0._commandName] } ?? []) + commandLine.dropFirst()
  }
}
