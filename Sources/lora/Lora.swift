import ArgumentParser
import CommandSupport
import Convert
import Devices
import Diff
import Files
import Glibc
import Inspect
import Merge
import Resize
import Train

/// The one program: `lora inspect …`, or `lora-inspect …` through a link of that name, as in
/// busybox.
@main
struct Lora: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "lora",
    abstract: "Inspect, compare, merge, resize and train LoRA adapters.",
    discussion: paragraphs(
      """
      lora COMMAND --help describes a command. Files are safetensors, recognised by
      content; - is standard input or output. zstd-compressed files are read and
      written too.
      """),
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
    var words = arguments(from: commandLineArguments())
    Interruption.listen { removeLeftovers() }
    do {
      if let script = try CompletionScript(words) {
        return try Terminal.show(verbatim: script.text)
      }
      words = try TrainCommand.expanding(CommandLineWords.joiningNegativeNumbers(words))
      var command = try parseAsRoot(words)
      try command.run()
    } catch {
      fail(error, words)
    }
  }

  /// Ends the program: with 0 and the help that was requested, with 64 and usage for wrong usage, else
  /// with 1 and one line.
  private static func fail(_ error: any Error, _ words: [String]) -> Never {
    if let interrupted = error as? Interrupted { Glibc.exit(interrupted.exitStatus) }
    let status = exitCode(for: error)
    if error is ExitCode { Glibc.exit(status.rawValue) }
    if status.isSuccess {
      try? Terminal.show(verbatim: fullMessage(for: error))
    } else if status == .validationFailure {
      Terminal.report(WrongUsage(error, words).text)
    } else {
      let message = message(for: error)
      Terminal.note(ValueComplaint(message)?.description ?? message)
    }
    Glibc.exit(status.rawValue)
  }

  static func command(named word: String?) -> (any ParsableCommand.Type)? {
    configuration.subcommands.first { $0._commandName == word }
  }

  /// `["/bin/lora-inspect", "x"]` and `["lora", "inspect", "x"]` both give `["inspect", "x"]`.
  static func arguments(from commandLine: [String]) -> [String] {
    let program = Path(commandLine.first ?? "").name
    let link = configuration.subcommands.first { program == "lora-\($0._commandName)" }
    return (link.map { [$0._commandName] } ?? []) + commandLine.dropFirst()
  }
}
