import Glibc

/// Where bytes go that become no file: a pipe, standard output, a device.
@safe final class OutputStream: Sendable {
  /// As the user wrote it; `-` is standard output.
  let path: String

  private let descriptor: Int32

  /// Opens the stream, for a named pipe as soon as someone reads it.
  ///
  /// - Throws: `.isTerminal` where a person would see the bytes.
  init(path: String) throws(FileError) {
    self.path = path
    let isStandard = Self.standardOutputs.contains(path)
    descriptor =
      isStandard
      ? fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0)
      : uninterrupted { unsafe open(path.systemName, O_WRONLY | O_CLOEXEC) }
    guard descriptor >= 0 else { throw .lastCall("open", on: path) }
    if isatty(descriptor) == 1 {
      throw FileError(isStandard ? "standard output" : path, .isTerminal)
    }
  }

  /// The names of what the shell's `>` leads to: a file there is not ours to replace.
  static let standardOutputs = ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"]

  deinit {
    if descriptor >= 0 { close(descriptor) }
  }

  func send(_ bytes: RawSpan) throws(FileError) {
    try Files.send(bytes, to: descriptor, path: path)
  }
}

/// A text file that grows by whole lines, each of them on disk for readers at once.
@safe package final class LineFile: Sendable {
  private let path: String
  private let descriptor: Int32

  /// - Parameter appends: Whether what is there stays.
  package init(path: String, appends: Bool) throws(FileError) {
    self.path = path
    let flags = O_WRONLY | O_CREAT | O_CLOEXEC | (appends ? O_APPEND : O_TRUNC)
    descriptor = path == "-" ? dup(STDOUT_FILENO) : unsafe open(path.systemName, flags, 0o666)
    guard descriptor >= 0 else { throw .lastCall("open", on: path) }
  }

  deinit { close(descriptor) }

  package func write(_ line: String) throws(FileError) {
    let bytes = Array((line + "\n").utf8)
    try unsafe send(bytes.span.bytes, to: descriptor, path: path)
  }
}

/// Writes all of some bytes where the last ones ended.
private func send(_ bytes: RawSpan, to descriptor: Int32, path: String) throws(FileError) {
  var sent = 0
  while sent < bytes.byteCount {
    let rest = bytes.extracting(sent...)
    let count = unsafe rest.withUnsafeBytes { source in
      uninterrupted { unsafe write(descriptor, source.baseAddress, source.count) }
    }
    sent += try advance(count, "write", on: path)
  }
}
