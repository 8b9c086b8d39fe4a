import Glibc

/// A file being written that appears whole or not at all.
///
/// Bytes go, at any offsets and from any thread, to a file without a name in the folder of the
/// target; `commit` syncs it and renames it into place. A run that fails or is killed before that
/// leaves what was there, and nothing else. `-` and other streams receive the bytes at `commit`.
@safe package final class OutputFile: Sendable {
  /// As the user wrote it; `-` is standard output.
  package let path: String

  private let compresses: Bool
  private let threads: Int
  private let draft: Draft

  /// Opens a draft; the target is not touched yet.
  ///
  /// - Parameters:
  ///   - compresses: Whether zstd's bytes are wanted; always so for a name that ends in `.zst`.
  package init(path: String, compresses: Bool = false, threads: Int = 1) throws(FileError) {
    if path == "-", isatty(STDOUT_FILENO) == 1 {
      throw FileError("standard output", .isTerminal)
    }
    let kind = FileKind(path: path)
    if path != "-", kind == .folder { throw FileError(path, .isFolder) }
    self.path = path
    self.compresses = compresses || path.hasSuffix(".zst")
    self.threads = threads
    draft = path == "-" || kind == .stream ? try Draft.forStream() : try Draft(beside: path)
  }

  /// Writes bytes at an offset; holes read as zeros.
  package func write(_ bytes: RawSpan, at offset: Int) throws(FileError) {
    try draft.write(bytes, at: offset, path: path)
  }

  /// Lends what has been written so far.
  package func withContents<Result>(
    _ body: (RawSpan) throws(FileError) -> Result
  ) throws(FileError) -> Result {
    try draft.withContents(path: path, body)
  }

  /// Finishes the file: it is on disk under its name when this returns.
  package func commit() throws(FileError) {
    if draft.isForStream {
      try sendToStream()
    } else if compresses {
      let compressed = try Draft(beside: path)
      var offset = 0
      try draft.withContents(path: path) { bytes throws(FileError) in
        try Zstandard.compress(bytes, threads: threads, path: path) { piece throws(FileError) in
          try compressed.write(piece, at: offset, path: path)
          offset += piece.byteCount
        }
      }
      try compressed.publish(as: path)
    } else {
      try draft.publish(as: path)
    }
  }

  private func sendToStream() throws(FileError) {
    let descriptor =
      path == "-" ? dup(STDOUT_FILENO) : unsafe open(path, O_WRONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .lastCall("open", on: path) }
    defer { close(descriptor) }
    try draft.withContents(path: path) { bytes throws(FileError) in
      if compresses {
        try Zstandard.compress(bytes, threads: threads, path: path) { piece throws(FileError) in
          try send(piece, to: descriptor)
        }
      } else {
        try send(bytes, to: descriptor)
      }
    }
  }

  /// Writes to a stream; a reader that went away is not an error.
  private func send(_ bytes: RawSpan, to descriptor: Int32) throws(FileError) {
    var sent = 0
    while sent < bytes.byteCount {
      let rest = bytes.extracting(sent..<bytes.byteCount)
      let count = unsafe rest.withUnsafeBytes {
        unsafe Glibc.write(descriptor, $0.baseAddress, min($0.count, 1 << 30))
      }
      if count < 0 {
        if errno == EINTR { continue }
        if errno == EPIPE { return }
        throw .lastCall("write", on: path)
      }
      sent += count
    }
  }
}

/// Replaces the first bytes of a file and syncs it; the rest stays as it is.
///
/// Not atomic: for a few kilobytes whose place in the file cannot change.
package func overwriteBeginning(of path: String, with bytes: RawSpan) throws(FileError) {
  let descriptor = unsafe open(path, O_WRONLY | O_CLOEXEC)
  guard descriptor >= 0 else { throw .lastCall("write", on: path) }
  defer { close(descriptor) }
  var written = 0
  while written < bytes.byteCount {
    let rest = bytes.extracting(written..<bytes.byteCount)
    let count = unsafe rest.withUnsafeBytes {
      unsafe pwrite(descriptor, $0.baseAddress, $0.count, written)
    }
    if count < 0 {
      if errno == EINTR { continue }
      throw .lastCall("write", on: path)
    }
    written += count
  }
  guard fsync(descriptor) == 0 else { throw .lastCall("sync", on: path) }
}
