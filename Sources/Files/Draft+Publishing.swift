import Glibc

extension Draft {
  /// Syncs the bytes and puts them in the place of `path`, with the owner and the permissions of
  /// what stood there.
  ///
  /// A symbolic link is written through, as `cp` does it.
  func publish() throws(FileError) {
    let target = followingLinks(path)
    keepOwnership(of: target)
    try sync()

    if let temporaryPath {
      try rename(temporaryPath, to: target)
    } else if try !link(as: target) {
      // Killed between these two lines, a process leaves a name behind: there is no system call
      // that replaces a file by one without a name.
      let name = Self.temporaryName(in: folder(of: target))
      TemporaryPaths.insert(name)
      guard try link(as: name) else { throw .lastCall("name", on: path) }
      try rename(name, to: target)
    }
    syncFolder(of: target)
  }

  private func keepOwnership(of target: String) {
    var status = stat()
    guard unsafe stat(target, &status) == 0 else { return }
    // Only root may give a file away; for others it stays theirs.
    fchown(descriptor, status.st_uid, status.st_gid)
    fchmod(descriptor, status.st_mode & 0o777)
  }

  /// - Returns: `false` where the name is taken.
  private func link(as name: String) throws(FileError) -> Bool {
    let result = unsafe linkat(
      AT_FDCWD, "/proc/self/fd/\(descriptor)", AT_FDCWD, name, AT_SYMLINK_FOLLOW)
    if result == 0 { return true }
    if errno == EEXIST { return false }
    throw .lastCall("name", on: path)
  }

  private func rename(_ name: String, to target: String) throws(FileError) {
    defer { TemporaryPaths.remove(name) }
    guard unsafe Glibc.rename(name, target) == 0 else {
      let error = FileError.lastCall("replace", on: path)
      unsafe unlink(name)
      throw error
    }
  }

  /// Not every file system can; then the name lasts once the system has written it by itself.
  private func syncFolder(of target: String) {
    let descriptor = unsafe open(folder(of: target), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    if descriptor >= 0 {
      fsync(descriptor)
      close(descriptor)
    }
  }
}
