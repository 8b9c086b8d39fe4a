import Glibc

/// Standard error and standard output, as the person before them sees them.
package enum Terminal {
  /// Prints one line on standard error.
  package static func note(_ line: String) {
    write("lora: \(line)\n")
  }

  /// Prints text on standard error as it is.
  package static func report(_ text: String) {
    write(text + "\n")
  }

  /// Writes to standard error; a line that cannot be written is lost, as it must be.
  static func write(_ text: String) {
    var text = text
    text.withUTF8 { unsafe _ = Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
  }

  package static var errorIsTerminal: Bool { isatty(STDERR_FILENO) == 1 }
  package static var outputIsTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

  /// Columns of the terminal; 80 where there is none to ask.
  package static var width: Int {
    var size = winsize()
    let asked = unsafe ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size)
    return asked == 0 && size.ws_col > 0 ? Int(size.ws_col) : 80
  }
}
