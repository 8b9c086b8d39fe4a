package import Files
import Glibc
import Synchronization

/// Standard error and standard output, as the person before them sees them.
///
/// All output of commands goes through here, so that no name, no metadata and no argument reaches a
/// terminal with its control characters.
package enum Terminal {
  /// Prints one line on standard error.
  package static func note(_ line: String) {
    writeError("lora: \(escaped(line))\n")
  }

  /// Prints text on standard error, its lines as they are.
  package static func report(_ text: String) {
    writeError(escapedLines(text) + "\n")
  }

  /// Prints text on standard output, its lines as they are.
  package static func show(_ text: String) throws(FileError) {
    try writeOutput(escapedLines(text) + "\n")
  }

  /// Prints one line on standard output.
  package static func show(line: String) throws(FileError) {
    try writeOutput(escaped(line) + "\n")
  }

  /// Prints text on standard output unchanged: for our own words, and where raw output was requested.
  package static func show(verbatim text: String) throws(FileError) {
    try writeOutput(text + "\n")
  }

  package static var errorIsTerminal: Bool { isatty(STDERR_FILENO) == 1 }
  package static var outputIsTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

  /// Columns of the terminal that standard output is; `nil` where it is none, and names stay whole.
  package static var outputWidth: Int? { outputIsTerminal ? columns(of: STDOUT_FILENO) : nil }

  /// Whether standard output shows colours: a terminal that knows them, unless `NO_COLOR` is set.
  package static var outputHasColours: Bool {
    outputIsTerminal && !["", "dumb"].contains(environment("TERM") ?? "")
      && (environment("NO_COLOR") ?? "").isEmpty
  }

  /// The same of standard error.
  package static var errorWidth: Int? { errorIsTerminal ? columns(of: STDERR_FILENO) : nil }

  /// `COLUMNS` overrides the terminal's own answer.
  private static func columns(of descriptor: Int32) -> Int {
    if let asked = environment("COLUMNS").flatMap({ Int($0) }), asked > 0 { return asked }
    var size = winsize()
    let answer = unsafe ioctl(descriptor, UInt(TIOCGWINSZ), &size)
    return answer == 0 && size.ws_col > 0 ? Int(size.ws_col) : 80
  }

  // MARK: - The status line

  /// Whether a line on standard error can be taken back: not on `TERM=dumb`.
  static let errorIsErasable =
    errorIsTerminal && !["", "dumb"].contains(environment("TERM") ?? "")

  /// Whether a status line stands where the cursor is.
  private static let hasStatus = Mutex(false)

  /// Shows a line in place of the last, until anything else is printed.
  static func showStatus(_ line: String) {
    let shown = beginning(of: escaped(line), to: (errorWidth ?? 80) - 1)
    hasStatus.withLock { hasStatus in
      hasStatus = true
      write("\r\u{1B}[K\(shown)", to: STDERR_FILENO)
    }
  }

  static func eraseStatus() { writeError("") }

  private static func writeError(_ text: String) {
    hasStatus.withLock { hasStatus in
      write((hasStatus ? "\r\u{1B}[K" : "") + text, to: STDERR_FILENO)
      hasStatus = false
    }
  }

  private static func writeOutput(_ text: String) throws(FileError) {
    eraseStatus()
    let error = write(text, to: STDOUT_FILENO)
    // Who reads no further has had enough.
    guard error == 0 || error == EPIPE else {
      throw FileError("standard output", .system(call: "write", errno: error))
    }
  }

  /// - Returns: 0, or why the rest could not be written.
  @discardableResult
  private static func write(_ text: String, to descriptor: Int32) -> Int32 {
    var text = text
    return text.withUTF8 { bytes in
      var done = 0
      while done < bytes.count {
        let count = unsafe Glibc.write(
          descriptor, UnsafeRawBufferPointer(bytes).baseAddress?.advanced(by: done),
          bytes.count - done)
        if count < 0 && errno == EINTR { continue }
        if count < 0 { return errno }
        done += count
      }
      return 0
    }
  }
}
