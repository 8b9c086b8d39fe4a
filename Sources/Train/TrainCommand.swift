package import ArgumentParser
import CommandSupport
import Files
import Glibc

package struct TrainCommand: ParsableCommand {
  package static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Train an adapter on pictures.",
    discussion: """
      One picture (the copier method), a folder as sd-scripts expects it, or its settings:
        lora train --model MODEL --image picture.png --resolution 512 \\
          --learning-rate 0.001 --max-train-steps 1500 -o a.st
        lora train --model MODEL --data FOLDER --learning-rate 0.0001 \\
          --max-train-epochs 10 --save-every-n-epochs 1 -o a.st
        lora train --config settings.toml

      Options are sd-scripts' own, and so are their defaults: nearly every run sets \
      --learning-rate. --dry-run says what a run would do; --help-hidden shows the rare \
      options too.
      """)

  @OptionGroup var options: TrainingOptions
  @OptionGroup var common: CommonOptions

  package init() {}

  /// The arguments with the settings of `--config FILE` put before them; those of other commands
  /// as they are.
  package static func expanding(_ arguments: [String]) throws -> [String] {
    guard let command = arguments.first, ["train", "slider"].contains(command) else {
      return arguments
    }
    let expansion = ArgumentExpansion(names: OptionNames(TrainingOptions.self)) {
      try readBytes($0)
    }
    return [command] + (try expansion.expanded(Array(arguments.dropFirst())))
  }

  package func run() throws {
    if options.machine.outputConfig { return try writeConfiguration() }
    if options.machine.dryRun { return try rehearse() }
    let job = try TrainingJob(
      options, device: options.machine.computeDevice(threads: common.threadCount),
      environment: environment)
    if !common.quiet { for warning in job.warnings { Terminal.note(warning) } }
    let report = TrainingReport(job)
    try job.checkMemory()
    if !common.quiet { Terminal.note(report.headline) }
    let status = try TrainingSession(job, quiet: common.quiet).run()
    guard status == 0 else { throw ExitCode(status) }
    if common.json { print(try json(report)) }
  }

  /// Says what would be done.
  private func rehearse() throws {
    let rehearsal = try Rehearsal(
      options, device: options.machine.computeDevice(threads: common.threadCount),
      environment: environment)
    if !common.quiet { for warning in rehearsal.job.warnings { Terminal.note(warning) } }
    let report = TrainingReport(
      rehearsal.job, memory: rehearsal.memoryByteCount, options: options)
    print(common.json ? try json(report) : report.text)
  }

  /// Writes the options that are not at their defaults to the file of `--config`.
  private func writeConfiguration() throws {
    guard let path = options.run.configFile else {
      throw ValidationError("--output-config writes to the file of --config; name one.")
    }
    let defaults = Setting.all(of: try TrainingOptions.parse([]))
    let lines = zip(Setting.all(of: options), defaults).compactMap { setting, standard -> String? in
      guard setting != standard, !["config_file", "output_config"].contains(setting.key) else {
        return nil
      }
      return setting.value.toml.map { "\(setting.key) = \($0)" }
    }
    let output = try OutputFile(path: path)
    let bytes = Array((lines.joined(separator: "\n") + "\n").utf8)
    try unsafe output.write(bytes.span.bytes, at: 0)
    try output.commit()
  }
}

/// The value of a variable of the environment.
func environment(_ name: String) -> String? {
  unsafe getenv(name).map { unsafe String(cString: $0) }
}
