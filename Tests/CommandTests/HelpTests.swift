import TestSupport
import Testing

/// The help of every command, on a terminal of 80 columns.
@Suite struct HelpTests {
  /// Runs a check on what stands between the first line and the usage, and on the usage.
  private func check(
    _ body: (_ command: String, _ discussion: [Substring], _ usage: Substring) throws -> Void
  ) throws {
    for name in try CommandTable.commands().map(\.commandName) where name != "manual" {
      let lines = try Program.run(name, "--help").output
        .split(separator: "\n", omittingEmptySubsequences: false)
      let usage = try #require(lines.firstIndex { $0.hasPrefix("USAGE: lora \(name)") })
      try body(name, Array(lines[1..<usage]), lines[usage])
    }
  }

  /// A paragraph that the source breaks and the terminal breaks again has ragged lines.
  @Test func paragraphsFillTheirLines() throws {
    try check { _, discussion, _ in
      for (line, next) in zip(discussion, discussion.dropFirst()) where !line.hasPrefix(" ") {
        guard !line.isEmpty, !next.hasPrefix(" "), let word = next.split(separator: " ").first
        else { continue }
        #expect(line.count + 1 + word.count >= 80, "\(line)\n\(next)")
      }
    }
  }

  /// An example that the terminal breaks cannot be copied.
  @Test func examplesStayWhole() throws {
    try check { command, discussion, _ in
      #expect(
        discussion.contains { $0.hasPrefix("  lora \(command)") }, "\(command) has no example")
      for (line, next) in zip(discussion, discussion.dropFirst()) where line.hasPrefix("  ") {
        #expect(next.isEmpty || next.hasPrefix(" "), "\(line)\n\(next)")
      }
    }
  }

  @Test func usageFitsALine() throws {
    try check { _, _, usage in #expect(usage.count <= 80, "\(usage)") }
  }
}
