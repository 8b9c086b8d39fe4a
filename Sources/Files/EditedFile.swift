import Glibc

/// A file that is read, changed and written back under its name, by one process at a time.
///
/// A second one that edits it by this way waits for the first, and then reads what that one wrote.
@safe package final class EditedFile: Sendable {
  package let path: String
  private let descriptor: Int32
  private let identity: FileIdentity

  /// How long another's edit is waited for, in seconds.
  private static let patience = 30

  /// Takes the file for this process until the last reference goes; it is to be read after this.
  ///
  /// - Throws: `.isBeingEdited` where another process does not let go of it.
  package init(path: String) throws(FileError) {
    self.path = path
    let end = ContinuousClock.now + .seconds(Self.patience)
    while true {
      let descriptor = uninterrupted { unsafe open(path.systemName, O_RDWR | O_CLOEXEC) }
      guard descriptor >= 0 else { throw .lastCall("write", on: path) }
      let isTaken = flock(descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK
      // Who had it before may have put another file in its place.
      if !isTaken, let identity = FileIdentity(descriptor),
        FileIdentity(path: path)?.isSameFile(as: identity) ?? true
      {
        (self.descriptor, self.identity) = (descriptor, identity)
        return
      }
      close(descriptor)
      if ContinuousClock.now > end { throw FileError(path, .isBeingEdited) }
      if isTaken { usleep(10_000) }
    }
  }

  deinit { close(descriptor) }

  /// Throws where somebody wrote the file, or put another in its place, since it was taken.
  func checkUnchanged() throws(FileError) {
    guard FileIdentity(path: path) == identity else { throw FileError(path, .wasChanged) }
  }
}
