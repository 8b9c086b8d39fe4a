package import ArgumentParser
import CommandSupport
import Files

package struct TrainCommand: ParsableCommand {
  package static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Train an adapter on pictures.",
    usage: """
      lora train --model MODEL --image PICTURE -o FILE [options]
      lora train --model MODEL --data FOLDER -o FILE [options]
      lora train --config FILE.toml [options]
      """,
    discussion: paragraphs(
      """
      One picture (the copier method), a folder as sd-scripts expects it, or its settings:
        lora train --model MODEL --image picture.png --resolution 512 \\
          --learning-rate 0.001 --max-train-steps 1500 -o a.safetensors
        lora train --model MODEL --data FOLDER --learning-rate 0.0001 \\
          --max-train-epochs 10 --save-every-n-epochs 1 -o a.safetensors
        lora train --config settings.toml

      Options are sd-scripts' own, and so are their defaults: nearly every run sets \
      --learning-rate. --dry-run says what a run would do; --help-hidden shows the rare \
      options too.
      """))

  @OptionGroup var options: TrainingOptions
  @OptionGroup var common: CommonOptions

  package init() {}

  /// The arguments with the settings of `--config FILE` put before them; those of other commands
  /// as they are.
  package static func expanding(_ arguments: [String]) throws -> [String] {
    guard let command = arguments.first, ["train", "slider"].contains(command) else {
      return arguments
    }
    let expansion = ArgumentExpansion(
      names: OptionNames(TrainingOptions.self), namesGiven: command == "slider"
    ) {
      try readFile($0, atMost: settingsLimit)
    }
    return [command] + (try expansion.expanded(Array(arguments.dropFirst())))
  }

  package func run() throws {
    if options.machine.outputConfig { return try writeConfiguration() }
    if options.machine.dryRun { return try rehearse() }
    let job = try TrainingJob(
      options, device: options.machine.computeDevice(threads: common.threadCount),
      environment: environment)
    defer { job.device.report(quiet: common.quiet) }
    let saves = job.plan.saves.output
    let notes = resultNotes(
      saves.directory + saves.final, isResumed: options.saving.resume != nil)
    if !common.quiet { for note in job.warnings + notes { Terminal.note(note) } }
    let report = TrainingReport(job)
    try job.checkMemory()
    if !common.quiet { Terminal.note(report.headline) }
    try say(TrainingSession(job, quiet: common.quiet).run(), report)
  }

  /// Says what was made, or what an interrupted run has saved.
  private func say(_ outcome: RunOutcome, _ report: TrainingReport) throws {
    var report = report
    report.result = outcome
    if common.json { try Terminal.show(json(report)) }
    if !outcome.isFinished {
      let state = outcome.state.map { "; \($0) holds what --resume needs to go on" } ?? ""
      Terminal.note(outcome.stopped + state)
    } else if !common.quiet {
      Terminal.note(outcome.summary)
      let command = outcome.file.flatMap { samplingCommand($0, weights: "1", options) }
      if let command { Terminal.note("to draw with it: \(command)") }
    }
    if let status = outcome.exitStatus { throw ExitCode(status) }
  }

  /// Says what would be done.
  private func rehearse() throws {
    let rehearsal = try Rehearsal(
      options, device: options.machine.computeDevice(threads: common.threadCount),
      environment: environment)
    if !common.quiet { for warning in rehearsal.job.warnings { Terminal.note(warning) } }
    let report = TrainingReport(
      rehearsal.job, memory: rehearsal.memoryByteCount, options: options)
    try Terminal.show(common.json ? json(report) : report.text)
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
    try OutputFile(path: path).commit(lines.joined(separator: "\n") + "\n")
  }
}

/// Notes, before the work, on the path of the result.
func resultNotes(_ path: String, isResumed: Bool) -> [String] {
  let isReplaced = !isResumed && FileKind(path: path) != .missing
  return [
    misleadingName(of: path),
    isReplaced ? "\(path): is there already, and is replaced when the run is done" : nil,
  ].compactMap { $0 }
}
