import Glibc

/// The bytes of a file, readable until the last reference goes.
///
/// A regular file is mapped: pages are read when first touched, so opening a 7 GB checkpoint to
/// list its header costs the header. A pipe, and standard input under the name `-`, is read to its
/// end. What is compressed by zstd is decompressed, whatever its name says. The bytes are lent,
/// never handed out: a `RawSpan` cannot outlive the closure it is passed to.
///
/// A mapped file may be replaced meanwhile, by a rename, but not cut short: reading what is gone
/// ends the process, as it ends every program that maps files.
@safe package final class MappedFile: Sendable {
  /// As the user wrote it; `-` is standard input.
  package let path: String

  /// Whether the bytes on disk are zstd's, not those lent.
  package let isCompressed: Bool

  private let memory: Memory

  /// - Complexity: O(1) for a regular file; O(bytes) for a pipe or a compressed file.
  package init(path: String) throws(FileError) {
    let source = try Self.read(path)
    self.path = path
    isCompressed = source.withBytes(Zstandard.isCompressed)
    memory =
      isCompressed
      ? try source.withBytes { bytes throws(FileError) in
        try Zstandard.decompress(bytes, path: path)
      } : source
  }

  package var byteCount: Int { memory.byteCount }

  package func withBytes<Result, Failure: Error>(
    _ body: (RawSpan) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try memory.withBytes(body)
  }

  /// Tells the system that a range is no longer needed in memory; reading it again is allowed.
  ///
  /// A command that streams a file larger than memory calls this behind itself. Whole pages
  /// inside the range are dropped; for what came from a pipe this does nothing, since the bytes
  /// exist nowhere else.
  package func release(_ range: Range<Int>) {
    memory.release(range)
  }

  private static func read(_ path: String) throws(FileError) -> Memory {
    if path == "-" { return try read(STDIN_FILENO, path: path) }
    let descriptor = uninterrupted { unsafe open(path, O_RDONLY | O_CLOEXEC) }
    guard descriptor >= 0 else { throw .lastCall("open", on: path) }
    defer { close(descriptor) }
    return try read(descriptor, path: path)
  }

  private static func read(_ descriptor: Int32, path: String) throws(FileError) -> Memory {
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { throw .lastCall("open", on: path) }
    if status.st_mode & S_IFMT == S_IFDIR { throw FileError(path, .isFolder) }

    // Files of /proc say that they have no bytes; some file systems map none; what `<` opened may
    // have been read in part.
    let isWhole = status.st_mode & S_IFMT == S_IFREG && lseek(descriptor, 0, SEEK_CUR) == 0
    if isWhole, status.st_size > 0,
      let map = Memory(mapping: descriptor, byteCount: Int(status.st_size))
    {
      return map
    }
    return try readToEnd(descriptor, path: path)
  }

  private static func readToEnd(_ descriptor: Int32, path: String) throws(FileError) -> Memory {
    var bytes = GrowingBytes()
    while true {
      let count = try unsafe bytes.append(atMost: 1 << 20, path: path) { free in
        uninterrupted { unsafe Glibc.read(descriptor, free.baseAddress, free.count) }
      }
      if count == 0 { return bytes.finish() }
      if count < 0 { throw .lastCall("read", on: path) }
    }
  }
}
