import Glibc

/// An open file without a name, or with a temporary one where the file system has no such thing.
@safe final class Draft: Sendable {
  let isForStream: Bool
  private let descriptor: Int32

  /// The name to remove if the draft is dropped; `nil` where it never had one.
  private let temporaryPath: String?

  /// A draft in the folder of the file it is to become.
  init(beside path: String) throws(FileError) {
    let folder = Self.folder(of: path)
    isForStream = false
    let unnamed = unsafe open(folder, unnamedFile | O_RDWR | O_CLOEXEC, 0o666)
    if unnamed >= 0 {
      descriptor = unnamed
      temporaryPath = nil
      return
    }
    guard errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL else {
      throw .lastCall("write", on: path)
    }
    let name = Self.temporaryName(for: path)
    descriptor = unsafe open(name, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw .lastCall("write", on: path) }
    temporaryPath = name
  }

  /// A draft whose bytes will go to a pipe: on disk, since they may be more than memory holds.
  static func forStream() throws(FileError) -> Draft {
    let folder = unsafe getenv("TMPDIR").map { unsafe String(cString: $0) } ?? "/tmp"
    let descriptor = unsafe open(folder, unnamedFile | O_RDWR | O_CLOEXEC, 0o600)
    if descriptor >= 0 { return Draft(descriptor: descriptor) }
    let name = temporaryName(for: "\(folder)/lora")
    let named = unsafe open(name, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0o600)
    guard named >= 0 else { throw .lastCall("write", on: folder) }
    unsafe unlink(name)
    return Draft(descriptor: named)
  }

  private init(descriptor: Int32) {
    isForStream = true
    self.descriptor = descriptor
    temporaryPath = nil
  }

  deinit {
    close(descriptor)
    if let temporaryPath { unsafe unlink(temporaryPath) }
  }

  func write(_ bytes: RawSpan, at offset: Int, path: String) throws(FileError) {
    var written = 0
    while written < bytes.byteCount {
      let rest = bytes.extracting(written..<bytes.byteCount)
      let count = unsafe rest.withUnsafeBytes {
        unsafe pwrite(descriptor, $0.baseAddress, $0.count, offset + written)
      }
      if count < 0 {
        if errno == EINTR { continue }
        throw .lastCall("write", on: path)
      }
      written += count
    }
  }

  func withContents<Result>(
    path: String, _ body: (RawSpan) throws(FileError) -> Result
  ) throws(FileError) -> Result {
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { throw .lastCall("read", on: path) }
    let byteCount = Int(status.st_size)
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

  /// Syncs the bytes and puts them in the place of `path`, with the permissions that stood there.
  func publish(as path: String) throws(FileError) {
    let target = Self.followingLinks(path)
    var status = stat()
    if unsafe stat(target, &status) == 0 { fchmod(descriptor, status.st_mode & 0o7777) }
    guard fsync(descriptor) == 0 else { throw .lastCall("sync", on: path) }

    let name = temporaryPath ?? Self.temporaryName(for: target)
    if temporaryPath == nil {
      let link = unsafe linkat(
        AT_FDCWD, "/proc/self/fd/\(descriptor)", AT_FDCWD, name, AT_SYMLINK_FOLLOW)
      guard link == 0 else { throw .lastCall("name", on: path) }
    }
    guard unsafe rename(name, target) == 0 else {
      let error = FileError.lastCall("rename", on: path)
      unsafe unlink(name)
      throw error
    }
    Self.syncFolder(of: target)
  }

  private static func folder(of path: String) -> String {
    let target = followingLinks(path)
    guard let slash = target.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
    return slash == target.startIndex ? "/" : String(target[..<slash])
  }

  /// A symbolic link is written through, as `cp` does it.
  private static func followingLinks(_ path: String) -> String {
    guard let resolved = unsafe realpath(path, nil) else { return path }
    defer { unsafe free(resolved) }
    return unsafe String(cString: resolved)
  }

  private static func temporaryName(for path: String) -> String {
    "\(path).\(getpid())-\(UInt32.random(in: .min ... .max)).tmp"
  }

  private static func syncFolder(of path: String) {
    let descriptor = unsafe open(folder(of: path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    if descriptor >= 0 {
      fsync(descriptor)
      close(descriptor)
    }
  }
}

/// `O_TMPFILE`, whose macro Swift does not import: `__O_TMPFILE | O_DIRECTORY`.
private let unnamedFile: Int32 = 0o20_000_000 | O_DIRECTORY
