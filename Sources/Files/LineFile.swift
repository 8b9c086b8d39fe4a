import Glibc

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
    var rest = Array((line + "\n").utf8)[...]
    while !rest.isEmpty {
      let count = unsafe rest.withUnsafeBytes { source in
        uninterrupted { unsafe Glibc.write(descriptor, source.baseAddress, source.count) }
      }
      rest = rest.dropFirst(try advance(count, "write", on: path))
    }
  }
}
