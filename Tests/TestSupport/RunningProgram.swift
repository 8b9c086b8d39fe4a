import Foundation

/// A `lora` that runs while the test goes on: to send it signals.
package final class RunningProgram {
  package struct Outcome {
    package let output: String
    package let errors: String

    /// The exit status; below 0 the signal that ended the program.
    package let status: Int32
  }

  private let process = Process()
  private let folder: TemporaryFolder

  /// Starts `lora` in a folder, with the signals as a shell's foreground has them.
  ///
  /// - Parameter ignored: Names of signals that are ignored from the start, as by `nohup`.
  package init(_ arguments: [String], in path: String, ignoring ignored: [String] = []) throws {
    folder = try TemporaryFolder()
    for name in ["output", "errors"] { try folder.write([], to: name) }
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments =
      ["--default-signal=INT,TERM,HUP"] + ignored.map { "--ignore-signal=\($0)" }
      + [Program.url.path] + arguments
    process.currentDirectoryURL = URL(filePath: path)
    process.environment = ProcessInfo.processInfo.environment
      .merging(["SOURCE_DATE_EPOCH": "1700000000"]) { $1 }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = try FileHandle(forWritingTo: URL(filePath: folder["output"]))
    process.standardError = try FileHandle(forWritingTo: URL(filePath: folder["errors"]))
    try process.run()
  }

  deinit { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }

  /// What stands on standard error so far.
  package var errors: String { text("errors") }

  private func text(_ name: String) -> String {
    String(decoding: (try? folder.bytes(name)) ?? [], as: UTF8.self)
  }

  /// Waits until something is so, or the program has ended.
  ///
  /// - Returns: Whether it came to be so.
  package func wait(until isSo: () -> Bool) -> Bool {
    while process.isRunning {
      if isSo() { return true }
      usleep(5000)
    }
    return isSo()
  }

  package func send(_ signal: Int32) { kill(process.processIdentifier, signal) }

  package func outcome() -> Outcome {
    process.waitUntilExit()
    let status = process.terminationStatus
    return Outcome(
      output: text("output"), errors: errors,
      status: process.terminationReason == .exit ? status : -status)
  }
}
