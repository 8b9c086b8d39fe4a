import Glibc
import Synchronization

/// The bytes of a file, readable until the last reference goes.
///
/// A regular file is mapped: pages are read when first touched, so opening a 7 GB checkpoint to
/// list its header costs the header. A pipe, and standard input under the name `-`, is read as far
/// as its reader wants. What is compressed by zstd is decompressed, whatever its name says. The
/// bytes are lent, never handed out: a `RawSpan` cannot outlive the closure it is passed to.
///
/// A mapped file may be replaced meanwhile, by a rename, but not written or cut short: reading what
/// is gone ends the process by a line that names the file, and `checkUnchanged` finds the rest.
@safe package final class MappedFile: Sendable {
  /// As the user wrote it; `-` is standard input.
  package let path: String

  /// Whether the bytes on disk are zstd's, not those lent.
  package let isCompressed: Bool

  private let memory: Memory

  /// Which file is mapped; `nil` where none is.
  private let identity: FileIdentity?

  private typealias Opened = (path: String, identity: FileIdentity)

  /// Those that are mapped now.
  private static let opened = Mutex<[ObjectIdentifier: Opened]>([:])

  /// What a file without a length of its own may have: configurations, vocabularies, pictures.
  package static let usualLimit = 256 << 20

  /// Reads a file as a whole.
  ///
  /// - Throws: `.isTooLong` where it has more bytes than such a file has, and an endless one.
  /// - Complexity: O(1) for a regular file; O(bytes) for a pipe or a compressed file.
  package convenience init(
    path: String, atMost limit: Int = MappedFile.usualLimit
  ) throws(FileError) {
    try self.init(path: path) { _ in limit == .max ? limit : limit + 1 }
    if byteCount > limit { throw FileError(path, .isTooLong(limit: limit)) }
  }

  /// Reads a file whose beginning tells its length.
  ///
  /// - Parameter wants: How many bytes are wanted, by those that are there: no more than those
  ///   where they are enough. It is asked of pipes and of compressed files, whose rest is then not
  ///   read; a regular file is always there as a whole.
  package init(path: String, claiming wants: @escaping (RawSpan) -> Int) throws(FileError) {
    self.path = path
    let isInput = path == "-"
    let descriptor =
      isInput ? STDIN_FILENO : uninterrupted { unsafe open(path.systemName, O_RDONLY | O_CLOEXEC) }
    guard descriptor >= 0 else { throw .lastCall("open", on: path) }
    defer { if !isInput { close(descriptor) } }
    let map = try Self.map(descriptor, path: path)
    if let map, !map.memory.withBytes(Zstandard.isCompressed) {
      (memory, identity, isCompressed) = (map.memory, map.identity, false)
      Self.opened.withLock { $0[ObjectIdentifier(self)] = (path, map.identity) }
      return
    }
    var intake = Intake(path: path, wants: wants)
    let isWhole: Bool
    if let map {
      isWhole = try map.memory.withBytes { bytes throws(FileError) in
        try intake.take(bytes, isFirst: true)
      }
    } else {
      isWhole = try Self.pour(descriptor, into: &intake)
    }
    identity = nil
    isCompressed = intake.isCompressed
    memory = try intake.finish(isWhole: isWhole)
  }

  deinit {
    Self.opened.withLock { _ = $0.removeValue(forKey: ObjectIdentifier(self)) }
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

  /// Opens the mapped file once more; `nil` where there is none, or where its path leads to another
  /// by now, or somebody has written it.
  func reopened() -> Int32? {
    guard let identity else { return nil }
    let descriptor = uninterrupted { unsafe open(path.systemName, O_RDONLY | O_CLOEXEC) }
    if descriptor >= 0 && FileIdentity(descriptor) == identity { return descriptor }
    if descriptor >= 0 { close(descriptor) }
    return nil
  }

  /// Throws where somebody has written the mapped file since it was opened.
  ///
  /// What was read of it may be old in one place and new in another. Another file in its place is no
  /// harm.
  package func checkUnchanged() throws(FileError) {
    if let identity { try Self.check(path, identity) }
  }

  /// The same for all that are open: what a result is made of.
  package static func checkUnchanged() throws(FileError) {
    for file in opened.withLock({ Array($0.values) }) { try check(file.path, file.identity) }
  }

  private static func check(_ path: String, _ identity: FileIdentity) throws(FileError) {
    guard let now = FileIdentity(path: path), now.isSameFile(as: identity), now != identity else {
      return
    }
    throw FileError(path, now.byteCount < identity.byteCount ? .wasCutShort : .wasWritten)
  }

  private static func map(
    _ descriptor: Int32, path: String
  ) throws(FileError) -> (memory: Memory, identity: FileIdentity)? {
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { throw .lastCall("open", on: path) }
    if status.st_mode & S_IFMT == S_IFDIR { throw FileError(path, .isFolder) }

    // Files of /proc say that they have no bytes; some file systems map none; what `<` opened may
    // have been read in part.
    let isWhole = status.st_mode & S_IFMT == S_IFREG && lseek(descriptor, 0, SEEK_CUR) == 0
    guard isWhole, status.st_size > 0,
      let memory = Memory(mapping: descriptor, byteCount: Int(status.st_size), path: path)
    else { return nil }
    return (memory, FileIdentity(status))
  }

  /// - Returns: Whether the source came to its end before its reader had enough.
  private static func pour(
    _ descriptor: Int32, into intake: inout Intake
  ) throws(FileError) -> Bool {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
    defer { unsafe buffer.deallocate() }
    var (count, isFirst) = (0, true)
    while true {
      let got = uninterrupted {
        unsafe Glibc.read(descriptor, buffer.baseAddress?.advanced(by: count), buffer.count - count)
      }
      if got < 0 { throw .lastCall("read", on: intake.path) }
      count += got
      // The first 4 bytes tell zstd's frames.
      if got > 0 && isFirst && count < 4 { continue }
      if count > 0 {
        let piece = unsafe UnsafeRawBufferPointer(rebasing: buffer[..<count]).bytes
        guard try intake.take(piece, isFirst: isFirst) else { return false }
      }
      if got == 0 { return true }
      (count, isFirst) = (0, false)
    }
  }
}

/// All bytes of a small file, decompressed: settings, a vocabulary, a picture.
package func readFile(
  _ path: String, atMost limit: Int = MappedFile.usualLimit
) throws(FileError) -> [UInt8] {
  try MappedFile(path: path, atMost: limit).withBytes { bytes in
    unsafe bytes.withUnsafeBytes { unsafe Array($0) }
  }
}
