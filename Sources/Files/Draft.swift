import CFiles
import Dispatch
import Glibc
import Synchronization

/// An open file without a name, or with a temporary one where the file system has no such thing.
///
/// What is not published vanishes with the last reference, and where it has no name also with a
/// process that is killed.
@safe final class Draft: Sendable {
  /// What errors name.
  let path: String

  let descriptor: Int32

  /// The name to remove if the draft is dropped; `nil` where it has none.
  let temporary: Leftover?

  private let earlySync = EarlySync()

  /// A draft in the folder of the file that it is to become.
  convenience init(of path: String) throws(FileError) {
    try self.init(in: Path(followingLinks(path)).folder, path: path)
  }

  /// A draft that never gets a name: in `TMPDIR`, else where temporary files may be large.
  static func temporary() throws(FileError) -> Draft {
    let folder =
      environment("TMPDIR") ?? (unsafe access("/var/tmp", W_OK) == 0 ? "/var/tmp" : "/tmp")
    return try Draft(in: folder, permissions: 0o600, path: folder)
  }

  init(in folder: String, permissions: mode_t = 0o666, path: String) throws(FileError) {
    self.path = path
    let unnamed = unsafe open(folder.systemName, temporaryFile | O_RDWR | O_CLOEXEC, permissions)
    if unnamed >= 0 {
      // It gets its name through /proc, which a container may lack.
      if unsafe access("/proc/self/fd/\(unnamed)", F_OK) == 0 {
        descriptor = unnamed
        temporary = nil
        return
      }
      close(unnamed)
    }
    let name = Leftover.newName(in: folder)
    descriptor = unsafe open(name.systemName, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, permissions)
    if descriptor < 0 { throw .lastCall("write", on: path) }
    temporary = Leftover(name)
  }

  /// Begins to bring what has been written so far to the disk; `publish` waits for it.
  func beginSync() { earlySync.begin(descriptor) }

  /// Brings everything to the disk.
  func sync() throws(FileError) {
    let early = earlySync.finish()
    if early != 0 { throw FileError(path, .system(call: "sync", errno: early)) }
    guard uninterrupted({ fsync(descriptor) }) == 0 else { throw .lastCall("sync", on: path) }
  }

  deinit {
    _ = earlySync.finish()
    if descriptor >= 0 { close(descriptor) }
  }

  /// Writes bytes at an offset, from any thread; holes read as zeros.
  func write(_ bytes: RawSpan, at offset: Int) throws(FileError) {
    try Files.write(bytes, to: descriptor, at: offset, path: path)
  }

  /// Makes the file at least this long; what was not written reads as zeros.
  func extend(to byteCount: Int) throws(FileError) {
    guard try self.byteCount() < byteCount else { return }
    guard uninterrupted({ ftruncate(descriptor, off_t(byteCount)) }) == 0 else {
      throw .lastCall("write", on: path)
    }
  }

  func withContents<Result>(
    _ body: (RawSpan) throws(FileError) -> Result
  ) throws(FileError) -> Result {
    let byteCount = try byteCount()
    if byteCount == 0 {
      return try body(unsafe UnsafeRawBufferPointer(start: nil, count: 0).bytes)
    }
    let address = unsafe mmap(nil, byteCount, PROT_READ, MAP_SHARED, descriptor, 0)
    guard let address = unsafe address, unsafe address != MAP_FAILED else {
      throw .lastCall("map", on: path)
    }
    defer { unsafe munmap(address, byteCount) }
    return try body(unsafe UnsafeRawBufferPointer(start: address, count: byteCount).bytes)
  }

  func contents(in range: Range<Int>) throws(FileError) -> [UInt8] {
    var failure: FileError?
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: range.count) { buffer, count in
      while count < range.count {
        let got = uninterrupted {
          unsafe pread(
            descriptor, UnsafeMutableRawPointer(buffer.baseAddress)?.advanced(by: count),
            range.count - count,
            range.lowerBound + count)
        }
        if got < 0 { failure = .lastCall("read", on: path) }
        if got <= 0 { return }
        count += got
      }
    }
    if let failure { throw failure }
    return bytes
  }

  private func byteCount() throws(FileError) -> Int {
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { throw .lastCall("read", on: path) }
    return Int(status.st_size)
  }
}

/// `O_TMPFILE`, whose macro Swift does not import: `__O_TMPFILE | O_DIRECTORY`.
private let temporaryFile: Int32 = 0o20_000_000 | O_DIRECTORY

/// A sync of a file's data that goes on while its writer does something else.
final class EarlySync: Sendable {
  private let group = DispatchGroup()

  /// One sync at a time, since the next one takes what was written meanwhile.
  private let queue = DispatchQueue(label: "sync")

  /// The `errno` of the last sync that failed; 0 where none did.
  private let failure = Mutex<Int32>(0)

  /// Begins to bring what has been written so far to the disk.
  func begin(_ descriptor: Int32) {
    queue.async(group: group) { [self] in
      let status = uninterrupted { fdatasync(descriptor) }
      if status != 0 { failure.withLock { $0 = errno } }
    }
  }

  /// Waits for the end of it.
  ///
  /// - Returns: The `errno` that it ended with: the system tells each failure once, so that a later
  ///   sync would not know of it.
  func finish() -> Int32 {
    group.wait()
    return failure.withLock { $0 }
  }
}

extension Draft {
  /// Takes over a range of another file's bytes: shared with it where the file system can and they
  /// keep their place to the end, else copied by the system, else through memory.
  func copy(_ range: Range<Int>, of source: MappedFile, to offset: Int) throws(FileError) {
    var done = 0
    if let descriptor = source.reopened() {
      defer { close(descriptor) }
      let keepsPlace = offset == range.lowerBound && range.upperBound == source.byteCount
      if keepsPlace && ioctl(self.descriptor, shareAll, descriptor) == 0 { return }
      while done < range.count {
        let count = uninterrupted {
          lora_copy_range(
            descriptor, off_t(range.lowerBound + done), self.descriptor, off_t(offset + done),
            range.count - done)
        }
        // What the system does not copy, and why, the next lines find out.
        if count <= 0 { break }
        done += count
      }
    }
    while done < range.count {
      let start = range.lowerBound + done
      let piece = start..<min(start + (32 << 20), range.upperBound)
      try source.withBytes { bytes throws(FileError) in
        try write(bytes.extracting(piece), at: offset + done)
      }
      source.release(piece)
      done += piece.count
    }
  }
}

/// `FICLONE`, whose macro Swift does not import: one file's blocks, all of them, for another's.
private let shareAll: UInt = 0x4004_9409
