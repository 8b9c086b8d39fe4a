import Glibc

extension Draft {
  /// Syncs the bytes and puts them in the place of `path`, with the owner and the permissions of
  /// what stood there.
  ///
  /// A symbolic link is written through, as `cp` does it.
  ///
  /// - Parameter edited: What stands there, if it must still be what it was.
  func publish(over edited: EditedFile? = nil) throws(FileError) {
    let target = try followingLinks(path)
    keepOwnership(of: target)
    try sync()
    try edited?.checkUnchanged()
    if temporary == nil, try link(as: target) {
      syncFolder(Path(target).folder)
      return
    }
    // Killed between these two lines, a process leaves a name behind: there is no system call
    // that replaces a file by one without a name.
    let named: Leftover
    if let temporary { named = temporary } else { named = try linked(in: Path(target).folder) }
    guard unsafe rename(named.path.systemName, target.systemName) == 0 else {
      throw .lastCall("replace", on: path)
    }
    syncFolder(Path(target).folder)
  }

  /// Gives the file, synced before, a name that nothing has.
  func publish(as name: String) throws(FileError) {
    if let temporary {
      guard unsafe rename(temporary.path.systemName, name.systemName) == 0 else {
        throw .lastCall("name", on: path)
      }
    } else if try !link(as: name) {
      throw .lastCall("name", on: path)
    }
  }

  private func keepOwnership(of target: String) {
    guard let status = status(of: target) else { return }
    // Only root may give a file away; for others it stays theirs.
    fchown(descriptor, status.st_uid, status.st_gid)
    fchmod(descriptor, status.st_mode & 0o777)
  }

  private func linked(in folder: String) throws(FileError) -> Leftover {
    let name = Leftover.newName(in: folder)
    guard try link(as: name) else { throw .lastCall("name", on: path) }
    return Leftover(name)
  }

  /// - Returns: `false` where the name is taken.
  private func link(as name: String) throws(FileError) -> Bool {
    let result = unsafe linkat(
      AT_FDCWD, "/proc/self/fd/\(descriptor)", AT_FDCWD, name.systemName, AT_SYMLINK_FOLLOW)
    if result == 0 { return true }
    if errno == EEXIST { return false }
    throw .lastCall("name", on: path)
  }
}

/// Brings a folder's names to the disk.
///
/// Not every file system can; then they last once the system has written them by itself.
func syncFolder(_ path: String) {
  let descriptor = unsafe open(path.systemName, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
  if descriptor >= 0 {
    fsync(descriptor)
    close(descriptor)
  }
}
